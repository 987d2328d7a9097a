//! Looks for due deliveries that begin near the newest claimed, and what they may not miss.

use ayolinx_core::ids::EndpointId;
use chrono::TimeDelta;
use ledger::{DeliveryNext, Fronts, LeasedDelivery};

use crate::support::Books;
use crate::webhooks::{settle, test_event};

async fn look(books: &Books, fronts: Fronts) -> (Vec<LeasedDelivery>, Fronts) {
    let lease = TimeDelta::seconds(30);
    books
        .run(move |tx| tx.lease_deliveries_from(fronts, 100, 16, lease))
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
