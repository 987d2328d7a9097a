//! What a page of the feed and a step of a range really read, beside very many events of other types.

use ayolinx_core::event::EventType;
use chrono::{TimeDelta, Utc};
use ledger::{FeedPlace, RedeliveryRange, Source};

use super::explained::{measured, reads};
use crate::support::Books;

/// Of one type many, half of them in the table of an earlier month, and of two other types one each, the last
/// and the first of all. The time in an id decides in which month's table an event stands.
fn plant_a_rare_event(books: &Books, many: u32) {
    books.sql(&format!(
        "INSERT INTO events (id, merchant_id, type, body, created_at) \
         SELECT overlay(gen_random_uuid()::text PLACING \
                 regexp_replace(lpad(to_hex((1000 * extract(epoch FROM \
                     now() - interval '52 days' * (n <= {many} / 2)::int))::bigint), 12, '0'), \
                     '^(.{{8}})', '\\1-') FROM 1)::uuid, \
             '{}', CASE n WHEN {many} THEN 'order.refunded' WHEN 1 THEN 'order.expired' ELSE 'order.paid' END, \
             '{{\"id\":\"evt_' || replace(gen_random_uuid()::text, '-', '') || '\",\"type\":\"order.paid\",\
               \"timestamp\":\"x\",\"data\":{{\"order\":null}}}}', at \
         FROM generate_series(1, {many}) n, LATERAL (SELECT now() + n * interval '1 ms' \
             - CASE WHEN n <= {many} / 2 THEN interval '20 days' ELSE interval '1 hour' END AS at) times",
        books.merchant.as_uuid()
    ));
    books.sql("ANALYZE events");
}

/// Pages of the database that a page of the feed or a step may look at: a search that reads on beyond its type
/// looks at more, though it gives no rows.
const BUFFERS_MAX: u64 = 40;

#[tokio::test]
async fn a_page_of_the_feed_and_a_step_of_a_range_read_what_they_give() {
    const MANY: u32 = 9_000;
    const PAGE: i64 = 5;
    let books = measured().await;
    plant_a_rare_event(&books, MANY);
    let merchant = books.merchant;
    for event_type in [
        None,
        Some(EventType::OrderRefunded),
        Some(EventType::OrderPaid),
        Some(EventType::OrderExpired),
    ] {
        let mut after = FeedPlace::START;
        for _ in 0..3 {
            let page = books
                .run_for_shop(move |tx| tx.feed(merchant, event_type, after, PAGE))
                .await;
            after = page.next;
        }
        let range = RedeliveryRange {
            from: Utc::now() - TimeDelta::days(30),
            to: Utc::now() + TimeDelta::hours(1),
            event_type,
        };
        books
            .run_for_shop(move |tx| tx.begin_redelivery(merchant, &range, Source::Merchant))
            .await;
        let leased = books.run(|tx| tx.lease_redelivery()).await.unwrap();
        books.run(move |tx| tx.step_redelivery(&leased)).await;
        books.sql("UPDATE redeliveries SET finished_at = now()");
    }
    let pages = reads(&books, "pg_snapshot_xmin");
    assert_eq!(pages.len(), 12);
    let months = books.sql("SELECT count(DISTINCT tableoid) FROM events");
    assert_eq!(months, "2");
    for page in pages {
        assert_eq!(page.sorts, Vec::<String>::new(), "the index has the order");
        // One row more, which tells whether more is there, and the next one of the other month.
        assert!(page.rows <= u64::try_from(PAGE).unwrap() + 2, "{page:?}");
        assert!(page.buffers <= BUFFERS_MAX, "{page:?}");
    }
    let steps = reads(&books, "ORDER BY found.created_at");
    assert_eq!(steps.len(), 4);
    for step in steps {
        // A step, and of the type that both months hold the next one of the other month.
        assert!(step.rows <= 100 + 1, "{step:?}");
    }
    let counts = reads(&books, ") counted");
    let counted: Vec<u64> = counts.iter().map(|count| count.rows).collect();
    assert_eq!(counted.len(), 4);
    assert_eq!((counted[1], counted[3]), (1, 1), "{counted:?}");
}
