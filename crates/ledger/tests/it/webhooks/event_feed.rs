//! The feed gives every event once, in one order, whatever the numbers of its transactions, the
//! length of the page and the type asked for.

use std::cell::Cell;

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EventId, MerchantId};
use chrono::Utc;
use ledger::{FeedPlace, Urgency};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use uuid::Uuid;

use crate::support::Books;
use crate::webhooks::endpoints::ids;

/// Transactions whose numbers stand on both sides of each further digit, and some between.
const TRANSACTIONS: [u64; 17] = [
    1, 9, 10, 11, 99, 100, 101, 777, 999, 1_000, 1_001, 9_999, 10_000, 99_999, 100_000, 999_999,
    1_000_000,
];
const TYPES: [EventType; 3] = [
    EventType::OrderPayable,
    EventType::OrderPaid,
    EventType::OrderExpired,
];

/// An event as it was planted.
#[derive(Debug, Clone, Copy)]
struct Planted {
    transaction: u64,
    id: Uuid,
    event_type: EventType,
}

/// Has the server spend transaction numbers until all that are planted lie in the past.
fn spend_numbers(books: &Books) {
    let database = books.sql("SELECT current_database()");
    books.sql(&format!(
        "ALTER DATABASE \"{database}\" SET synchronous_commit = off"
    ));
    books.sql(
        "DO $$ BEGIN \
             WHILE pg_snapshot_xmin(pg_current_snapshot()) <= '1000000'::xid8 LOOP \
                 FOR n IN 1..500 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; \
             END LOOP; \
         END $$",
    );
}

fn plant(books: &Books, merchant: Uuid, drawn: &[(u64, u128, EventType)]) -> Vec<Planted> {
    let mut planted: Vec<Planted> = drawn
        .iter()
        .map(|(transaction, bits, event_type)| Planted {
            transaction: *transaction,
            id: Uuid::from_u128(*bits),
            event_type: *event_type,
        })
        .collect();
    let values: Vec<String> = planted
        .iter()
        .map(|one| {
            let name = EventId::from_uuid(one.id);
            let body = EventBody::new(name, one.event_type, Utc::now(), None);
            format!(
                "('{}', '{merchant}', '{}', '{}', '{}')",
                one.id,
                one.event_type.as_str(),
                serde_json::to_string(&body).unwrap(),
                one.transaction
            )
        })
        .collect();
    books.sql(&format!(
        "DELETE FROM events; INSERT INTO merchants (id, name) VALUES ('{merchant}', 'Warung'); \
         INSERT INTO events (id, merchant_id, type, body, transaction) VALUES {}",
        values.join(", ")
    ));
    planted.sort_by_key(|one| (one.transaction, one.id));
    planted
}

/// Every page from a place on, the last of them the one that says that there is no more.
async fn pulled(
    books: &Books,
    merchant: Uuid,
    event_type: Option<EventType>,
    from: FeedPlace,
    limit: i64,
) -> Vec<String> {
    let merchant = MerchantId::from_uuid(merchant);
    let shop = books.ledger.for_merchant(merchant);
    let (mut all, mut after) = (Vec::new(), from);
    loop {
        let page = shop
            .at(Urgency::Write)
            .transact(move |tx| tx.feed(merchant, event_type, after, limit))
            .await
            .unwrap();
        let new = ids(&page);
        let is_full = new.len() == usize::try_from(limit).unwrap();
        assert!(
            is_full || !page.has_more,
            "a short page is the last: {new:?}"
        );
        all.extend(new);
        if !page.has_more {
            return all;
        }
        after = page.next;
    }
}

#[test]
fn every_event_comes_once_and_in_one_order_at_every_limit_from_every_cursor() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let books = runtime.block_on(Books::open());
    spend_numbers(&books);
    let mut runner = TestRunner::new(Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    });
    let event = (select(&TRANSACTIONS[..]), any::<u128>(), select(&TYPES[..]));
    let feeds = (
        proptest::collection::vec(event, 1..16),
        any::<prop::sample::Index>(),
    );
    let crossings = Cell::new(0);
    let result = runner.run(&feeds, |(drawn, cursor)| {
        let merchant = Uuid::now_v7();
        let planted = plant(&books, merchant, &drawn);
        let digits = |one: &Planted| one.transaction.to_string().len();
        let crosses = planted
            .windows(2)
            .any(|two| digits(&two[0]) < digits(&two[1]));
        crossings.set(crossings.get() + usize::from(crosses));
        let begin = cursor.get(&planted);
        let middle = FeedPlace {
            transaction: begin.transaction,
            event: begin.id,
        };
        let asked = [None, Some(TYPES[0]), Some(TYPES[1]), Some(TYPES[2])];
        for (from, event_type) in asked
            .into_iter()
            .flat_map(|event_type| [FeedPlace::START, middle].map(|from| (from, event_type)))
        {
            let expected: Vec<String> = planted
                .iter()
                .filter(|one| event_type.is_none_or(|wanted| one.event_type == wanted))
                .filter(|one| (one.transaction, one.id) > (from.transaction, from.event))
                .map(|one| EventId::from_uuid(one.id).to_string())
                .collect();
            for limit in 1..=i64::try_from(planted.len()).unwrap() {
                let found = runtime.block_on(pulled(&books, merchant, event_type, from, limit));
                prop_assert_eq!(&found, &expected, "limit {} of {:?}", limit, event_type);
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(
        crossings.get() > 3,
        "numbers of different lengths are among them"
    );
}
