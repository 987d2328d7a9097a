//! What a look at the outbox reads when nothing is due, beside very many endpoints and months.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use ledger::{Backlog, DeliveryRoom, Fronts};

use super::explained::{Read, measured, reads};
use crate::support::Books;

/// What the look for new deliveries says.
const NEW: &str = "WITH recent";
/// What looks at every endpoint that something waits for say.
const WHOLE: &str = "WITH RECURSIVE";

/// Endpoints, each with deliveries that were made long ago and one that is tried again tomorrow, in
/// months of their own, as far back as the first.
fn plant_idle_endpoints(books: &Books, endpoints: u32, months: u32) {
    books.sql(&format!(
        "SELECT make_month('outbox', (date_trunc('month', now()) - m * interval '1 month')::date) \
         FROM generate_series(1, {months}) m"
    ));
    let merchant = books.merchant.as_uuid();
    books.sql(&format!(
        "INSERT INTO webhook_endpoints (id, merchant_id, url, secret_sealed) \
         SELECT gen_random_uuid(), '{merchant}', 'https://shop.example.co.id/' || n, '\\x00' \
         FROM generate_series(1, {endpoints}) n"
    ));
    books.sql(&format!(
        "INSERT INTO events (id, merchant_id, type, body) \
             SELECT overlay(gen_random_uuid()::text PLACING \
                 regexp_replace(lpad(to_hex((extract(epoch FROM now() - interval '1 hour' \
                     - m * interval '1 month') * 1000)::bigint), 12, '0'), '^(.{{8}})', '\\1-') \
                 FROM 1)::uuid, '{merchant}', 'order.paid', '{{}}' \
             FROM generate_series(0, {months}) m"
    ));
    books.sql(
        "INSERT INTO deliveries (event_id, endpoint_id, state) \
         SELECT events.id, webhook_endpoints.id, 'delivered' FROM events, webhook_endpoints \
         ON CONFLICT DO NOTHING",
    );
    books.sql(
        "UPDATE deliveries SET state = 'due', due_at = now() + interval '1 day' \
         WHERE event_id = (SELECT event_id FROM deliveries ORDER BY event_id DESC LIMIT 1)",
    );
    books.sql("VACUUM ANALYZE deliveries");
    books.sql("VACUUM ANALYZE webhook_endpoints");
}

/// One look for new deliveries after one at everything, and what it read.
async fn idle_look(books: &Books) -> Read {
    let lease = TimeDelta::seconds(30);
    let mut fronts = Fronts::default();
    let deadline = Instant::now() + Duration::from_secs(30);
    let asked = reads(books, NEW).len();
    // The first look is one at everything and asks about every endpoint.
    while reads(books, NEW).len() < asked + 2 {
        let (leased, next) = books
            .run(move |tx| tx.lease_deliveries_from(fronts, &DeliveryRoom::of(100, 16), lease))
            .await;
        assert!(leased.is_empty());
        fronts = next;
        assert!(Instant::now() < deadline, "no look for new deliveries");
    }
    reads(books, NEW).pop().unwrap()
}

#[tokio::test]
async fn a_look_at_an_idle_outbox_reads_as_much_beside_a_thousand_endpoints_as_beside_one() {
    let books = measured().await;
    plant_idle_endpoints(&books, 1, 0);
    let few = idle_look(&books).await;
    plant_idle_endpoints(&books, 1_000, 12);
    let many = idle_look(&books).await;
    assert_eq!((few.rows, many.rows), (0, 0));
    // The index of the running month may be a page deeper by now.
    assert!(many.pages <= few.pages + 4, "{few:?} {many:?}");
}

#[tokio::test]
async fn who_waits_for_nothing_is_not_looked_at_by_a_look_at_everything_either() {
    let books = measured().await;
    plant_idle_endpoints(&books, 1_000, 1);
    books.sql("UPDATE deliveries SET state = 'delivered', due_at = NULL WHERE state = 'due'");
    books.sql("VACUUM ANALYZE deliveries");
    books
        .run(|tx| {
            tx.lease_deliveries(100, 16, TimeDelta::seconds(30))?;
            tx.lease_troubled(100, TimeDelta::seconds(30))?;
            tx.queues(&Backlog::default())
        })
        .await;
    let looks = reads(&books, WHOLE);
    // Two lanes; what is due, what is untold, what gave up.
    assert_eq!(looks.len(), 5);
    let months: u64 = books
        .sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'deliveries'::regclass")
        .parse()
        .unwrap();
    for look in looks {
        assert_eq!(look.rows, 0);
        assert!(look.pages <= 3 * months, "{look:?} for {months} months");
    }
}
