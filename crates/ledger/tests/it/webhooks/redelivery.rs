//! Events are sent again: one, or those of a range.

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{EventId, MerchantId};
use chrono::{TimeDelta, Utc};
use ledger::{
    DeliveryNext, EndpointChange, FeedPlace, LedgerError, RangeBegun, RedeliveryRange, Source,
    Urgency,
};
use uuid::Uuid;

use crate::support::Books;
use crate::webhooks::endpoints::{feed_of, ids, lease, settle, test_event};

#[tokio::test]
async fn an_event_is_sent_again_to_all_who_want_it_also_where_it_was_given_up() {
    let books = Books::open().await;
    let (had, dead) = (books.endpoint("had").await, books.endpoint("dead").await);
    let one = books.pending("A-1").await;
    for delivery in lease(&books).await {
        let next = if delivery.endpoint_id == had {
            DeliveryNext::Delivered
        } else {
            DeliveryNext::Dead
        };
        settle(&books, delivery, next).await;
    }
    let fresh = books.endpoint("fresh").await;
    let (off, other) = (books.endpoint("off").await, books.endpoint("other").await);
    let merchant = books.merchant;
    let change = |enabled, event_types| EndpointChange {
        enabled,
        event_types,
        url: None,
    };
    let disabled = change(Some(false), None);
    let only_paid = change(None, Some(Some(vec!["order.paid".to_owned()])));
    books
        .run(move |tx| {
            tx.change_endpoint(merchant, off, &disabled)?;
            tx.change_endpoint(merchant, other, &only_paid)
        })
        .await;
    let event = ids(&feed_of(&books, FeedPlace::START, 1).await).remove(0);
    let event: EventId = event.parse().unwrap();
    let count = books
        .run(move |tx| tx.redeliver(merchant, event, Source::Merchant))
        .await;
    let mut sent: Vec<_> = lease(&books)
        .await
        .into_iter()
        .map(|delivery| {
            assert_eq!((delivery.event_id, delivery.tries), (event, 0));
            delivery.endpoint_id
        })
        .collect();
    sent.sort();
    let mut wanted = vec![had, dead, fresh];
    wanted.sort();
    assert_eq!((count, sent), (3, wanted));
    let lines = books.run(move |tx| tx.deliveries_of(merchant, event)).await;
    let tries: Vec<usize> = lines.iter().map(|line| line.tries.len()).collect();
    assert_eq!(tries, [1, 1, 0], "earlier tries stay to be read");
    let stranger = MerchantId::from_uuid(Uuid::now_v7());
    let theirs = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.redeliver(stranger, event, Source::Merchant))
        .await;
    assert!(matches!(theirs, Err(LedgerError::NotFound)));
    assert_eq!(books.events(one.order).await, ["order.payable"]);
}

#[tokio::test]
async fn a_redelivery_outlives_the_try_that_is_under_way() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    let event = test_event(&books, hook).await;
    let merchant = books.merchant;
    let under_way = lease(&books).await.remove(0);
    let count = books
        .run(move |tx| tx.redeliver(merchant, event, Source::Merchant))
        .await;
    assert_eq!(count, 1, "a test goes again where it went");
    assert!(!settle(&books, under_way, DeliveryNext::Delivered).await);
    assert_eq!(lease(&books).await.len(), 1);
}

fn last_days(days: i64) -> RedeliveryRange {
    RedeliveryRange {
        from: Utc::now() - TimeDelta::days(days),
        to: Utc::now() + TimeDelta::minutes(1),
        event_type: None,
    }
}

async fn begin(books: &Books, range: RedeliveryRange) -> RangeBegun {
    let merchant = books.merchant;
    books
        .run(move |tx| tx.begin_redelivery(merchant, &range, Source::Merchant))
        .await
}

#[tokio::test]
async fn a_range_is_sent_again_in_steps_one_range_at_a_time() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    books.pending("A-1").await;
    test_event(&books, hook).await;
    // More events than one step takes, all of one moment, as a busy transaction writes them.
    books.sql(&format!(
        "INSERT INTO events (id, merchant_id, type, body) \
         SELECT gen_random_uuid(), '{}', 'order.expired', '{{}}' FROM generate_series(1, 250)",
        books.merchant.as_uuid()
    ));
    books.sql("UPDATE deliveries SET state = 'delivered', due_at = NULL");
    assert_eq!(begin(&books, last_days(1)).await, RangeBegun::Accepted(251));
    assert_eq!(begin(&books, last_days(1)).await, RangeBegun::OneIsRunning);
    let mut steps = 0;
    while let Some(leased) = books.run(|tx| tx.lease_redelivery()).await {
        books.run(move |tx| tx.step_redelivery(&leased)).await;
        steps += 1;
    }
    assert_eq!(steps, 4);
    assert_eq!(books.count("deliveries WHERE state = 'due'"), 251);
    assert_eq!(books.count("deliveries WHERE state = 'delivered'"), 1);
    let typed = RedeliveryRange {
        event_type: Some(EventType::OrderPayable),
        ..last_days(1)
    };
    assert_eq!(begin(&books, typed).await, RangeBegun::Accepted(1));
}

#[tokio::test]
async fn a_range_has_its_bounds() {
    let books = Books::open().await;
    assert_eq!(begin(&books, last_days(32)).await, RangeBegun::BadRange);
    assert_eq!(begin(&books, last_days(-1)).await, RangeBegun::BadRange);
    let many = |count: i64| {
        books.sql(&format!(
            "INSERT INTO events (id, merchant_id, type, body) \
             SELECT gen_random_uuid(), '{}', 'order.paid', '{{}}' FROM generate_series(1, {count})",
            books.merchant.as_uuid()
        ))
    };
    many(10_000);
    let ten_thousand = begin(&books, last_days(1)).await;
    assert_eq!(ten_thousand, RangeBegun::Accepted(10_000));
    books.sql("UPDATE redeliveries SET finished_at = now()");
    many(1);
    assert_eq!(begin(&books, last_days(1)).await, RangeBegun::TooMany);
}
