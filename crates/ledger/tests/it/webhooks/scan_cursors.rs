//! Looks for due deliveries that begin near the newest claimed, and what they may not miss.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ayolinx_core::ids::EndpointId;
use chrono::TimeDelta;
use ledger::{DeliveryNext, DeliveryRoom, Fronts, LeasedDelivery};

use crate::support::Books;
use crate::webhooks::endpoints::{settle, test_event};

async fn look(books: &Books, fronts: Fronts) -> (Vec<LeasedDelivery>, Fronts) {
    let lease = TimeDelta::seconds(30);
    books
        .run(move |tx| tx.lease_deliveries_from(fronts, &DeliveryRoom::of(100, 16), lease))
        .await
}

/// Makes one due that became due so many seconds ago.
pub(crate) async fn due_since(books: &Books, shop: EndpointId, seconds: i64) {
    let event = test_event(books, shop).await.as_uuid();
    books.sql(&format!(
        "UPDATE deliveries SET due_at = now() - interval '{seconds} s' WHERE event_id = '{event}'"
    ));
}

#[tokio::test]
async fn a_look_goes_back_a_little_and_a_whole_one_finds_the_rest() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    due_since(&books, shop, 0).await;
    let (first, fronts) = look(&books, Fronts::default()).await;
    assert_eq!(first.len(), 1);
    // Committed later than the newest although due before it, as by a transaction that took a while.
    due_since(&books, shop, 1).await;
    let (late, fronts) = look(&books, fronts).await;
    assert_eq!(late.len(), 1);
    due_since(&books, shop, 600).await;
    due_since(&books, shop, 0).await;
    let (new, fronts) = look(&books, fronts).await;
    assert_eq!(new.len(), 1, "the old one is behind the front");
    let (none, _) = look(&books, fronts).await;
    assert_eq!(none.len(), 0);
    let (old, _) = look(&books, Fronts::default()).await;
    assert_eq!(old.len(), 1);
    for delivery in first.into_iter().chain(late).chain(new).chain(old) {
        assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
    }
}

#[tokio::test]
async fn a_backlog_is_worked_off_oldest_first_from_front_to_front() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    for seconds in (0..40).rev() {
        due_since(&books, shop, 60 * seconds).await;
    }
    let (mut fronts, mut taken) = (Fronts::default(), 0);
    for wanted in [16, 16, 8, 0] {
        let (leased, next) = look(&books, fronts).await;
        assert_eq!(leased.len(), wanted);
        taken += leased.len();
        fronts = next;
        for delivery in leased {
            assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
        }
        let oldest = "deliveries WHERE state = 'due'";
        assert_eq!(books.count(oldest), 40 - i64::try_from(taken).unwrap());
    }
}

#[tokio::test]
async fn other_endpoints_have_fronts_of_their_own() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    due_since(&books, shop, 0).await;
    let (_, fronts) = look(&books, Fronts::default()).await;
    let other = books.endpoint("other").await;
    test_event(&books, other).await;
    books.sql(&format!(
        "UPDATE deliveries SET due_at = now() - interval '1 h' WHERE endpoint_id = '{}'",
        other.as_uuid()
    ));
    let (leased, _) = look(&books, fronts).await;
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].endpoint_id, other);
}

#[tokio::test]
async fn what_is_put_back_is_found_by_the_next_look() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    for minutes in 0..12 {
        due_since(&books, shop, 60 * minutes).await;
    }
    let (claimed, mut fronts) = look(&books, Fronts::default()).await;
    assert_eq!(claimed.len(), 12);
    let back: Vec<_> = (claimed.iter().take(7))
        .map(|one| (one.event_id, one.endpoint_id, one.token))
        .collect();
    for (_, endpoint, _) in &back {
        fronts.note_put_back(*endpoint);
    }
    let events: BTreeSet<_> = back.iter().map(|(event, ..)| *event).collect();
    books.run(move |tx| tx.put_back_deliveries(&back)).await;
    let (again, _) = look(&books, fronts).await;
    assert_eq!(
        again
            .iter()
            .map(|one| one.event_id)
            .collect::<BTreeSet<_>>(),
        events
    );
}

/// Looks on from there until something is found.
async fn found_in_time(books: &Books, mut fronts: Fronts) -> (Vec<LeasedDelivery>, Fronts) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (leased, next) = look(books, fronts).await;
        if !leased.is_empty() {
            return (leased, next);
        }
        assert!(Instant::now() < deadline, "it is never found");
        fronts = next;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_becomes_due_without_a_word_to_this_process_is_found_all_the_same() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    due_since(&books, shop, 0).await;
    let (mut leased, mut fronts) = look(&books, Fronts::default()).await;
    let one = leased.remove(0);
    let (event, endpoint) = (one.event_id.as_uuid(), shop.as_uuid());
    assert!(settle(&books, one, DeliveryNext::Delivered).await);
    let again = format!(
        "UPDATE deliveries SET state = 'due', due_at = now() - interval '1 h' WHERE event_id = '{event}'"
    );
    let off = format!("UPDATE webhook_endpoints SET enabled = false WHERE id = '{endpoint}'");
    let on = format!("UPDATE webhook_endpoints SET enabled = true WHERE id = '{endpoint}'");
    let lost = format!(
        "UPDATE deliveries SET state = 'due', due_at = now(), lease_token = gen_random_uuid(), leased_until = now() + interval '300 ms' WHERE event_id = '{event}'"
    );
    let later = format!(
        "UPDATE deliveries SET state = 'due', due_at = now() + interval '300 ms' WHERE event_id = '{event}'"
    );
    // By the clock of another process, an hour behind this one.
    let behind = format!(
        "WITH made AS (INSERT INTO events (id, merchant_id, type, body) SELECT \
             overlay('{event}'::text PLACING to_char(random() * 899 + 100, 'FM000') FROM 34)::uuid, merchant_id, type, body \
             FROM events WHERE id = '{event}' RETURNING id) \
         INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
         SELECT id, '{endpoint}', 'due', now() - interval '1 h' FROM made"
    );
    for ways in [
        vec![&again],
        vec![&off, &again, &on],
        vec![&lost],
        vec![&later],
        vec![&behind],
    ] {
        // Nothing is known of it, and the ids of what is there are no longer new.
        let deadline = Instant::now() + Duration::from_secs(30);
        while books.count("deliveries WHERE event_id >= (lpad(to_hex((extract(epoch FROM now() - interval '4 s') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid") > 0 {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for way in ways {
            books.sql(way);
        }
        let (leased, next) = found_in_time(&books, fronts).await;
        assert_eq!(leased.len(), 1);
        for delivery in leased {
            assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
        }
        fronts = next;
    }
}
