//! What a look reads when nothing is due: at the outbox beside very many endpoints and months, and of the
//! other loops.

use std::time::Duration;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::reading::Channelled;
use chrono::TimeDelta;
use ledger::{Backlog, DeliveryRoom, Fronts, WorkKind};
use uuid::Uuid;

use super::explained::{Read, measured, reads};
use crate::callbacks::inbox::{inbound, says};
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

/// Looks for new deliveries, beside some at everything, and what the cheapest of them read.
async fn idle_look(books: &Books) -> Read {
    let lease = TimeDelta::seconds(30);
    let mut fronts = Fronts::default();
    let before = reads(books, NEW).len();
    for _ in 0..8 {
        let (leased, next) = books
            .run(move |tx| tx.lease_deliveries_from(fronts, &DeliveryRoom::of(100, 16), lease))
            .await;
        assert!(leased.is_empty());
        fronts = next;
        // They come no oftener than that.
        tokio::time::sleep(Duration::from_millis(110)).await;
    }
    let looks = reads(books, NEW).into_iter().skip(before);
    looks.min_by_key(|look| look.buffers).unwrap()
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
    assert!(many.buffers <= few.buffers + 4, "{few:?} {many:?}");
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
        assert!(look.buffers <= 3 * months, "{look:?} for {months} months");
    }
}

#[tokio::test]
async fn the_other_loops_read_nothing_while_nothing_is_due() {
    let books = measured().await;
    for number in 0..30 {
        let one = books.pending(&format!("A-{number}")).await;
        let nobodys = says(PaymentId::from_uuid(Uuid::now_v7()), "00", "1.00");
        let inbound = inbound(&nobodys, Channelled::Callback);
        books.ledger.receive(inbound).await.unwrap();
        let payment = one.payment.as_uuid();
        books.sql(&format!(
            "INSERT INTO provider_work (payment_id, kind, began_at, due_at) \
             SELECT '{payment}', kind, now(), now() + interval '1 h' \
             FROM unnest(ARRAY['resolve', 'close']) AS kind ON CONFLICT DO NOTHING"
        ));
    }
    books.sql("UPDATE provider_work SET due_at = now() + interval '1 h'");
    books.sql("UPDATE notifications SET rematch_due_at = now() + interval '1 h'");
    for table in ["provider_work", "orders", "notifications"] {
        books.sql(&format!("VACUUM ANALYZE {table}"));
    }
    books
        .run(|tx| {
            for kind in WorkKind::ALL {
                assert!(tx.lease_work(kind, 32)?.is_empty());
            }
            assert_eq!(tx.expire_orders(50)?.looked_at, 0);
            assert_eq!(tx.rematch(50)?.looked_at, 0);
            assert_eq!(tx.lease_redelivery()?, None);
            Ok(())
        })
        .await;
    // Of the work with the provider one row tells that there is its channel.
    let looks = [
        ("UPDATE provider_work w SET lease_token", 4, 1),
        (r#""orders"."expiry_due_at" <= "#, 1, 0),
        (r#""notifications"."rematch_due_at" <= "#, 1, 0),
        ("UPDATE redeliveries SET attempts", 1, 0),
    ];
    for (statement, count, most) in looks {
        let reads = reads(&books, statement);
        assert_eq!(reads.len(), count, "{statement}");
        for read in reads {
            assert!(read.rows <= most, "{statement}: {read:?}");
        }
    }
}
