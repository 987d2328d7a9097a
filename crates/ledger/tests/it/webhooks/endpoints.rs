//! Endpoints and their secrets, the feed that shops pull, and what is done once.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use ledger::{
    Claim, DeliveryNext, EndpointChange, FeedPage, FeedPlace, LeasedDelivery, LedgerError, Once,
    StoredReply, TryResult, Urgency,
};
use serde_json::Value;
use uuid::Uuid;

use crate::monitoring::gauges::queues;
use crate::support::{Books, keyed, paid};

pub(crate) async fn lease(books: &Books) -> Vec<LeasedDelivery> {
    books
        .run(|tx| tx.lease_deliveries(100, 16, TimeDelta::seconds(30)))
        .await
}

async fn probe(books: &Books) -> Vec<LeasedDelivery> {
    books
        .run(|tx| tx.lease_troubled(100, TimeDelta::seconds(30)))
        .await
}

pub(crate) async fn settle(books: &Books, delivery: LeasedDelivery, next: DeliveryNext) -> bool {
    let result = TryResult {
        next,
        outcome: "tried".to_owned(),
        status: Some(503),
        duration_ms: 7,
    };
    books
        .ledger
        .settle_delivery(&delivery, &result)
        .await
        .unwrap()
}

async fn fail(books: &Books, delivery: LeasedDelivery) {
    let again = DeliveryNext::RetryAfter(TimeDelta::zero());
    assert!(settle(books, delivery, again).await);
}

pub(crate) async fn test_event(books: &Books, endpoint: EndpointId) -> EventId {
    let merchant = books.merchant;
    books
        .run(move |tx| tx.send_test(merchant, endpoint))
        .await
        .id
}

async fn feed(books: &Books, after: FeedPlace, limit: i64) -> FeedPage {
    let merchant = books.merchant;
    books
        .run(move |tx| tx.feed(merchant, None, after, limit))
        .await
}

/// The feed after a place once it has so many: transactions of the tests beside this one may hold it
/// up, since they are of the same server.
pub(crate) async fn feed_of(books: &Books, after: FeedPlace, count: usize) -> FeedPage {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = feed(books, after, 100).await;
        if page.bodies.len() >= count {
            return page;
        }
        assert!(Instant::now() < deadline, "{:?}", ids(&page));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn ids(page: &FeedPage) -> Vec<String> {
    page.bodies
        .iter()
        .map(|body| {
            let body: Value = serde_json::from_slice(body).unwrap();
            body["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// Starts a transaction that writes an event and stays open until told.
fn held_open(
    books: &Books,
    endpoint: EndpointId,
) -> (
    mpsc::Receiver<EventId>,
    mpsc::Sender<()>,
    tokio::task::JoinHandle<()>,
) {
    let (wrote, written) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let (ledger, merchant) = (books.ledger.clone(), books.merchant);
    let task = tokio::spawn(async move {
        ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                wrote.send(tx.send_test(merchant, endpoint)?.id).unwrap();
                released.recv().unwrap();
                Ok(())
            })
            .await
            .unwrap();
    });
    (written, release, task)
}

async fn received(written: mpsc::Receiver<EventId>) -> EventId {
    tokio::task::spawn_blocking(move || written.recv().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_event_appears_only_when_no_earlier_one_can_still_commit() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    let first = test_event(&books, hook).await;
    let (written, release, slow) = held_open(&books, hook);
    let earlier = received(written).await;
    let later = test_event(&books, hook).await;
    let page = feed_of(&books, FeedPlace::START, 1).await;
    assert_eq!(
        ids(&page),
        [first.to_string()],
        "a committed event waits for an earlier one that is still open"
    );
    let place = page.next;
    assert!(ids(&feed(&books, place, 10).await).is_empty());
    release.send(()).unwrap();
    slow.await.unwrap();
    let rest = feed_of(&books, place, 2).await;
    assert_eq!(ids(&rest), [earlier.to_string(), later.to_string()]);
    let end = feed(&books, rest.next, 10).await;
    assert_eq!((end.next, end.has_more), (rest.next, false));
}

#[tokio::test]
async fn the_feed_goes_page_by_page_past_nothing_and_only_through_ones_own() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    for number in 2..5 {
        books.pending(&format!("A-{number}")).await;
    }
    let whole = feed_of(&books, FeedPlace::START, 5).await;
    let (mut place, mut seen) = (FeedPlace::START, Vec::new());
    loop {
        let page = feed(&books, place, 2).await;
        seen.extend(ids(&page));
        place = page.next;
        assert!(page.bodies.len() <= 2);
        if !page.has_more {
            break;
        }
    }
    assert_eq!((seen.len(), seen), (5, ids(&whole)));
    let text = String::from_utf8(whole.bodies[0].clone()).unwrap();
    assert!(text.contains("Budi Santoso"), "the payer is put in");
    let merchant = books.merchant;
    let only_paid = books
        .run(move |tx| tx.feed(merchant, Some(EventType::OrderPaid), FeedPlace::START, 10))
        .await;
    assert_eq!(only_paid.bodies.len(), 1);
    let stranger = MerchantId::from_uuid(Uuid::now_v7());
    let nothing = books
        .run(move |tx| tx.feed(stranger, None, FeedPlace::START, 10))
        .await;
    assert!(nothing.bodies.is_empty());
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let books = Books::open().await;
    let hook = books.endpoint("old").await;
    let merchant = books.merchant;
    books
        .run(move |tx| tx.rotate_secret(merchant, hook, &Secret::new("whsec_new".to_owned())))
        .await;
    let secrets = |delivery: &LeasedDelivery| -> Vec<String> {
        let shown = delivery.secrets.iter().map(|one| one.expose().to_owned());
        shown.collect()
    };
    test_event(&books, hook).await;
    let delivery = lease(&books).await.remove(0);
    assert_eq!(secrets(&delivery), ["whsec_new", "whsec_old"]);
    fail(&books, delivery).await;
    let left = books.sql(
        "SELECT round(extract(epoch FROM previous_secret_until - now()) / 3600) \
         FROM webhook_endpoints",
    );
    assert_eq!(left, "24");
    books.sql("UPDATE webhook_endpoints SET previous_secret_until = now()");
    let delivery = lease(&books).await.remove(0);
    assert_eq!(secrets(&delivery), ["whsec_new"]);
    assert_eq!(
        books.count(
            "webhook_endpoints WHERE position('whsec' IN encode(secret_sealed, 'escape')) > 0"
        ),
        0
    );
}

#[tokio::test]
async fn what_waits_for_a_disabled_endpoint_goes_on_when_it_is_enabled() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    let merchant = books.merchant;
    let event = test_event(&books, hook).await;
    let delivery = lease(&books).await.remove(0);
    assert!(settle(&books, delivery, DeliveryNext::EndpointGone).await);
    let line = books.run(move |tx| tx.endpoint(merchant, hook)).await;
    assert_eq!(
        (line.enabled, line.disabled_reason.as_deref()),
        (false, Some("gone (410)"))
    );
    assert!(lease(&books).await.is_empty());
    assert_eq!(queues(&books).await.outbox.waiting, 0);
    let waiting = books
        .run(move |tx| tx.deliveries_of(merchant, event))
        .await
        .remove(0);
    assert_eq!((waiting.state, waiting.next_try_at), ("due", None));
    let on = EndpointChange {
        enabled: Some(true),
        ..EndpointChange::default()
    };
    let line = books
        .run(move |tx| tx.change_endpoint(merchant, hook, &on))
        .await;
    assert_eq!((line.enabled, line.disabled_reason), (true, None));
    assert_eq!(lease(&books).await[0].event_id, event);
}

#[tokio::test]
async fn a_deleted_endpoint_gets_nothing_more_and_is_not_found() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    let merchant = books.merchant;
    let event = test_event(&books, hook).await;
    books
        .run(move |tx| tx.delete_endpoint(merchant, hook))
        .await;
    assert!(lease(&books).await.is_empty());
    assert_eq!(queues(&books).await.outbox.waiting, 0);
    let ended = books
        .run(move |tx| tx.deliveries_of(merchant, event))
        .await
        .remove(0);
    assert_eq!((ended.state, ended.next_try_at), ("ended", None));
    let again = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.delete_endpoint(merchant, hook))
        .await;
    assert!(matches!(again, Err(LedgerError::NotFound)));
    let gone = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.endpoint(merchant, hook))
        .await;
    assert!(matches!(gone, Err(LedgerError::NotFound)));
    assert!(
        books
            .run(move |tx| tx.list_endpoints(merchant))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn five_failures_in_a_row_leave_an_endpoint_one_try_at_a_time_until_one_succeeds() {
    let books = Books::open().await;
    let bad = books.endpoint("bad").await;
    for _ in 0..10 {
        test_event(&books, bad).await;
    }
    let mut under_way = lease(&books).await;
    assert_eq!(under_way.len(), 10);
    let late = under_way.split_off(5);
    for (failed, delivery) in under_way.into_iter().enumerate() {
        assert!(probe(&books).await.is_empty(), "after {failed}");
        fail(&books, delivery).await;
    }
    assert!(lease(&books).await.is_empty());
    assert!(
        probe(&books).await.is_empty(),
        "what was under way before counts"
    );
    for delivery in late {
        fail(&books, delivery).await;
    }
    let (one, other) = (probe(&books), probe(&books));
    let (one, other) = tokio::join!(one, other);
    let mut probes: Vec<_> = one.into_iter().chain(other).collect();
    assert_eq!(probes.len(), 1, "whatever the number of replicas");
    assert!(settle(&books, probes.remove(0), DeliveryNext::Delivered).await);
    assert!(probe(&books).await.is_empty());
    assert_eq!(lease(&books).await.len(), 9, "all its places again");
}

async fn made_once(books: &Books, claim: &Claim, body: &'static [u8]) -> Once<&'static [u8]> {
    let (merchant, claim) = (books.merchant, claim.clone());
    let work = move |ledger: ledger::Ledger| async move {
        ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                let reply = |body: &&'static [u8]| {
                    Ok(Some(StoredReply {
                        status: 201,
                        body: body.to_vec(),
                    }))
                };
                tx.once(merchant, &claim, |_tx| Ok(body), reply)
            })
            .await
    };
    loop {
        match work.clone()(books.ledger.clone()).await {
            Err(LedgerError::Conflict(_)) => {}
            done => return done.unwrap(),
        }
    }
}

#[tokio::test]
async fn what_is_done_once_gives_its_first_reply_again_and_shares_its_keys_with_orders() {
    let books = Books::open().await;
    let claim = Claim {
        endpoint: "POST /v1/webhook-endpoints".to_owned(),
        ..keyed("hook", "key-1")
    };
    let (one, two) = tokio::join!(
        made_once(&books, &claim, b"one"),
        made_once(&books, &claim, b"two")
    );
    let replies: Vec<Vec<u8>> = [one, two]
        .into_iter()
        .map(|once| match once {
            Once::Done(body) => body.to_vec(),
            Once::Replay(stored) => stored.body,
            Once::KeyReused => panic!("one request"),
        })
        .collect();
    assert_eq!(replies[0], replies[1]);
    assert_eq!(books.count("creations"), 1);
    let other = Claim {
        fingerprint: [7; 32],
        ..claim.clone()
    };
    let reused = made_once(&books, &other, b"three").await;
    assert!(matches!(reused, Once::KeyReused));
    let order = crate::support::order(books.merchant, "A-1", None);
    let begun = books.begin(&order, &keyed("order", "key-1")).await;
    assert!(matches!(begun, ledger::Begun::KeyReused));
    let without_key = Claim { key: None, ..claim };
    made_once(&books, &without_key, b"four").await;
    assert_eq!(books.count("creations"), 1);
}
