//! What is kept for a time only, and what holds after it.

use std::time::{Duration, Instant};

use ayolinx_core::ids::{EndpointId, OrderId};
use ayolinx_core::method::Method;
use chrono::TimeDelta;
use ledger::{Begun, EndpointChange, GivenUp, List, PRUNED_AT_ONCE, Retention, StoredReply};
use uuid::Uuid;

use crate::monitoring::gauges::queues;
use crate::support::{Books, claim, keyed, order, started};
use crate::webhooks::scan_cursors::due_since;

/// All tries of a webhook, as the default schedule has them.
const ALL_TRIES: TimeDelta = TimeDelta::hours(80);

async fn prune(books: &Books, days: u32) -> usize {
    books.run(move |tx| tx.prune_creations(days)).await
}

async fn give_up(books: &Books) -> GivenUp {
    books.run(|tx| tx.give_up_deliveries(ALL_TRIES)).await
}

fn made_ago(books: &Books, days: u32, filter: &str) {
    books.sql(&format!(
        "UPDATE creations SET created_at = now() - interval '{days} days' WHERE {filter}"
    ));
}

#[tokio::test]
async fn within_its_days_a_create_is_known_and_after_them_its_reference_is_taken() {
    let books = Books::open().await;
    let mut asked = Vec::new();
    for (reference, key) in [("A-1", None), ("A-2", Some("key"))] {
        let claim = match key {
            None => claim("body"),
            Some(key) => keyed("body", key),
        };
        let new = order(books.merchant, reference, Some(Method::Qris));
        let one = started(books.begin(&new, &claim).await);
        books.accept(&one, Method::Qris).await;
        let (creation, reply) = (
            one.creation.unwrap(),
            StoredReply {
                status: 201,
                body: b"first".to_vec(),
            },
        );
        books
            .run(move |tx| tx.keep_first_reply(creation, reply))
            .await;
        asked.push((new, claim));
    }
    for (days, is_known) in [(29, true), (31, false)] {
        made_ago(&books, days, "true");
        // Less than the contract's days is asked for in vain.
        let pruned = prune(&books, 1).await;
        assert_eq!(pruned, if is_known { 0 } else { 2 });
        for (new, claim) in &asked {
            let mut again = new.clone();
            again.id = OrderId::from_uuid(Uuid::now_v7());
            let begun = books.begin(&again, claim).await;
            match is_known {
                true => assert!(
                    matches!(&begun, Begun::Replay(kept) if kept.body == b"first"),
                    "{begun:?}"
                ),
                false => assert!(
                    matches!(&begun, Begun::ReferenceExists(id) if *id == new.id),
                    "{begun:?}"
                ),
            }
            let (merchant, reference, claim) =
                (books.merchant, new.reference.clone(), claim.clone());
            let earlier = books
                .run(move |tx| tx.earlier_order(merchant, &reference, &claim))
                .await;
            assert_eq!(matches!(earlier, Begun::Replay(_)), is_known, "{earlier:?}");
            assert_eq!(matches!(earlier, Begun::ReferenceExists(_)), !is_known);
        }
        assert_eq!(books.count("orders"), 2);
    }
    // The key is free again, for something else.
    let other = order(books.merchant, "A-3", Some(Method::Qris));
    started(books.begin(&other, &keyed("another body", "key")).await);
    books.audit().await;
}

#[tokio::test]
async fn a_reply_that_is_made_while_its_creation_goes_is_given_all_the_same() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    let one = started(books.begin(&new, &claim("body")).await);
    made_ago(&books, 31, "true");
    assert_eq!(prune(&books, 30).await, 1);
    let (creation, reply) = (
        one.creation.unwrap(),
        StoredReply {
            status: 201,
            body: b"{}".to_vec(),
        },
    );
    let kept = reply.clone();
    assert_eq!(
        books
            .run(move |tx| tx.keep_first_reply(creation, kept))
            .await,
        reply
    );
}

#[tokio::test]
async fn old_creations_go_step_by_step_and_young_ones_stay() {
    let books = Books::open().await;
    let merchant = books.merchant.as_uuid();
    let old = PRUNED_AT_ONCE + 7;
    books.sql(&format!(
        "INSERT INTO creations (id, merchant_id, endpoint, makes_order, idempotency_key, fingerprint, created_at) \
         SELECT gen_random_uuid(), '{merchant}', 'x', false, n, decode(repeat('00', 32), 'hex'), \
             now() - interval '1 day' * CASE WHEN n <= {old} THEN 31 ELSE 29 END \
         FROM generate_series(1, {old} + 5) n"
    ));
    let steps = [
        prune(&books, 30).await,
        prune(&books, 30).await,
        prune(&books, 30).await,
    ];
    assert_eq!(steps, [PRUNED_AT_ONCE, 7, 0]);
    assert_eq!(books.count("creations"), 5);
}

async fn enable(books: &Books, endpoint: EndpointId, enabled: bool) {
    let merchant = books.merchant;
    let change = EndpointChange {
        enabled: Some(enabled),
        ..EndpointChange::default()
    };
    books
        .run(move |tx| tx.change_endpoint(merchant, endpoint, &change))
        .await;
}

fn disabled_ago(books: &Books, endpoint: EndpointId, hours: i32) {
    books.sql(&format!(
        "UPDATE webhook_endpoints SET disabled_at = now() - interval '{hours} h' WHERE id = '{}'",
        endpoint.as_uuid()
    ));
}

fn states(books: &Books, endpoint: EndpointId) -> String {
    books.sql(&format!(
        "SELECT string_agg(DISTINCT concat_ws(' ', state, last_error), ',') FROM deliveries WHERE endpoint_id = '{}'",
        endpoint.as_uuid()
    ))
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_and_the_rest_waits() {
    let books = Books::open().await;
    let [works, briefly, long, again, gone] =
        ["works", "briefly", "long", "again", "gone"].map(async |name| books.endpoint(name).await);
    let (works, briefly, long, again, gone) = (
        works.await,
        briefly.await,
        long.await,
        again.await,
        gone.await,
    );
    for endpoint in [works, briefly, long, again, gone] {
        for seconds in [0, 400_000] {
            due_since(&books, endpoint, seconds).await;
        }
    }
    for endpoint in [briefly, long, again] {
        enable(&books, endpoint, false).await;
    }
    disabled_ago(&books, briefly, 79);
    disabled_ago(&books, long, 81);
    disabled_ago(&books, again, 81);
    // Told off once more it is disabled no shorter; enabled and disabled it is disabled anew.
    enable(&books, long, false).await;
    enable(&books, again, true).await;
    enable(&books, again, false).await;
    let merchant = books.merchant;
    books
        .run(move |tx| tx.delete_endpoint(merchant, gone))
        .await;
    let given_up = give_up(&books).await;
    assert_eq!((given_up.disabled, given_up.deleted), (2, 2));
    assert_eq!(give_up(&books).await, GivenUp::default());
    for (endpoint, expected) in [
        (works, "due"),
        (briefly, "due"),
        (again, "due"),
        (long, "dead endpoint_disabled"),
        (gone, "dead endpoint_deleted"),
    ] {
        assert_eq!(states(&books, endpoint), expected);
    }
    let event = books.sql(&format!(
        "SELECT event_id FROM deliveries WHERE endpoint_id = '{}' LIMIT 1",
        long.as_uuid()
    ));
    let event = ayolinx_core::ids::EventId::from_uuid(event.parse().unwrap());
    let lines = books.run(move |tx| tx.deliveries_of(merchant, event)).await;
    assert_eq!((lines[0].state, lines[0].next_try_at), ("ended", None));
    // Nobody has to look after what its own merchant does not want.
    assert_eq!(queues(&books).await.dead, 0);
    // When it works again, its merchant has them sent again.
    enable(&books, long, true).await;
    assert_eq!(queues(&books).await.dead, 0, "nobody tried them");
    let page = books.run(|tx| tx.console_list(List::Dead, None)).await;
    assert_eq!(page.rows.len(), 0);
    let due = books
        .run(move |tx| tx.redeliver(merchant, event, ledger::Source::Merchant))
        .await;
    assert_eq!(due, 1);
    assert_eq!(
        states(&books, long),
        "dead endpoint_disabled,due endpoint_disabled"
    );
}

#[tokio::test]
async fn a_try_that_is_under_way_to_a_deleted_endpoint_is_not_given_up() {
    let books = Books::open().await;
    let gone = books.endpoint("gone").await;
    due_since(&books, gone, 5).await;
    due_since(&books, gone, 0).await;
    let one = books
        .run(|tx| tx.lease_deliveries(1, 1, TimeDelta::seconds(30)))
        .await
        .remove(0);
    let merchant = books.merchant;
    books
        .run(move |tx| tx.delete_endpoint(merchant, gone))
        .await;
    assert_eq!(give_up(&books).await.deleted, 1);
    assert!(crate::webhooks::endpoints::settle(&books, one, ledger::DeliveryNext::Delivered).await);
    assert_eq!(
        states(&books, gone),
        "dead endpoint_deleted,delivered tried"
    );
}

/// One endpoint that nobody enables does not hold the months of everybody.
#[tokio::test]
async fn a_month_of_the_outbox_goes_although_an_endpoint_is_disabled() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    due_since(&books, hook, 0).await;
    enable(&books, hook, false).await;
    disabled_ago(&books, hook, 100);
    // The event of a month that is over.
    books.sql(
        "SELECT make_month('outbox', (date_trunc('month', now()) - interval '5 months')::date)",
    );
    let merchant = books.merchant.as_uuid();
    books.sql(&format!(
        "WITH old AS (INSERT INTO events (id, merchant_id, type, body) SELECT \
             overlay(gen_random_uuid()::text PLACING regexp_replace(lpad(to_hex((extract(epoch FROM \
                 date_trunc('month', now()) - interval '5 months' + interval '1 day') * 1000)::bigint), 12, '0'), \
                 '^(.{{8}})', '\\1-') FROM 1)::uuid, '{merchant}', 'order.paid', '{{}}' RETURNING id) SELECT 1"
    ));
    books.sql(&format!(
        "INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
         SELECT id, '{}', 'due', now() - interval '150 days' FROM events ORDER BY id LIMIT 1",
        hook.as_uuid()
    ));
    let kept = Retention {
        history: 12,
        inbox: 2,
        outbox: 2,
        payers: 2,
        creation_days: 30,
    };
    let upkeep = books.ledger.keep_partitions(kept).await.unwrap();
    assert_eq!(upkeep.held.iter().map(|held| held.due).max(), Some(1));
    assert_eq!(give_up(&books).await.disabled, 2);
    let deadline = Instant::now() + Duration::from_secs(30);
    while books
        .ledger
        .keep_partitions(kept)
        .await
        .unwrap()
        .dropped
        .is_empty()
    {
        assert!(Instant::now() < deadline);
    }
    assert_eq!(books.count("deliveries"), 1);
}
