//! What the console reads: an order by each of its names, the lists of what needs eyes, page by page,
//! and money by the hour.

use ayolinx_core::ids::EventId;
use ayolinx_core::method::Method;
use chrono::{TimeDelta, Utc};
use ledger::{DeliveryNext, Dismissal, List};

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, paid, unknown};
use crate::webhooks::endpoints::{lease, settle};
use ayolinx_core::reading::Channelled;

async fn search(books: &Books, name: &str) -> Vec<String> {
    let name = name.to_owned();
    let found = books.run(move |tx| tx.console_search(&name)).await;
    found.into_iter().map(|order| order.reference).collect()
}

async fn list(books: &Books, list: List) -> Vec<ledger::EyeLine> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let place = after.clone();
        let page = books
            .run(move |tx| tx.console_list(list, place.as_deref()))
            .await;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn an_order_is_found_by_each_of_its_names_and_by_no_part_of_one() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.pending("A-2").await;
    books.say(one.payment, paid()).await;
    books.sql(&format!(
        "UPDATE payments SET provider_reference = 'PRV-9' WHERE id = '{}'",
        one.payment.as_uuid()
    ));
    books.sql(&format!(
        "INSERT INTO provider_aliases VALUES ('{}', 'ALIAS-7')",
        one.payment.as_uuid()
    ));
    let event = books.sql("SELECT id FROM events WHERE type = 'order.paid'");
    let event = EventId::from_uuid(event.parse().unwrap()).to_string();
    for name in [
        "A-1".to_owned(),
        one.order.to_string(),
        one.payment.to_string(),
        "PRV-9".to_owned(),
        "ALIAS-7".to_owned(),
        event,
    ] {
        assert_eq!(search(&books, &name).await, ["A-1"], "{name}");
    }
    for name in ["A", "a-1", "PRV", "", "%", "ord_0193"] {
        assert_eq!(search(&books, name).await, [""; 0], "{name}");
    }
    let dossier = books.run(move |tx| tx.dossier(one.order)).await;
    assert_eq!(dossier.money[0].merchant.whole_rupiah(), 150_000);
    assert!(dossier.timeline.len() > 3);
}

#[tokio::test]
async fn each_list_has_what_needs_eyes_and_nothing_else() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    books.pending("FINE").await;
    let review = books.pending("REVIEW").await;
    let body = says(review.payment, "00", "1.00");
    let said = inbound(&body, Channelled::Callback);
    books.ledger.receive(said).await.unwrap();
    let late = books.pending("LATE").await;
    books
        .fact(late.payment, ayolinx_core::payment::Fact::ExpiryReached)
        .await;
    books.age(late.order, 600);
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 1);
    books.say(late.payment, paid()).await;
    let lost = books.start("LOST", Method::Qris).await;
    books.settle(&lost, unknown()).await;
    let nobodys = ayolinx_core::ids::PaymentId::from_uuid(uuid::Uuid::now_v7());
    let body = says(nobodys, "00", "1.00");
    let said = inbound(&body, Channelled::Callback);
    books.ledger.receive(said).await.unwrap();
    for delivery in lease(&books).await {
        settle(&books, delivery, DeliveryNext::Dead).await;
    }

    let references = async |which| -> Vec<String> {
        let rows = list(&books, which).await.into_iter();
        rows.map(|row| row.reference.unwrap_or_default()).collect()
    };
    assert_eq!(references(List::Review).await, ["REVIEW"]);
    assert_eq!(references(List::Late).await, ["LATE"]);
    assert_eq!(references(List::Unknown).await, ["LOST"]);
    let dead = list(&books, List::Dead).await;
    assert!(!dead.is_empty());
    assert!(dead.iter().all(|row| row.event().is_some()));
    let waiting = list(&books, List::Quarantine).await;
    assert_eq!(waiting.len(), 1);
    let counted = books.run(|tx| tx.count_eyes()).await;
    assert_eq!(
        (
            counted.review,
            counted.late,
            counted.unknown,
            counted.quarantine
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(usize::try_from(counted.dead).unwrap(), dead.len());

    let id = waiting[0].key.unwrap();
    assert_eq!(books.run(move |tx| tx.retry_quarantine(Some(id))).await, 1);
    let dismissal = Dismissal {
        operator: None,
        reason: None,
    };
    let again = dismissal.clone();
    assert!(
        books
            .run(move |tx| tx.dismiss_quarantined(id, &dismissal))
            .await
    );
    assert_eq!(list(&books, List::Quarantine).await.len(), 0);
    assert!(
        !books
            .run(move |tx| tx.dismiss_quarantined(id, &again))
            .await
    );
    books.audit().await;
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_and_each_row_once() {
    let books = Books::open().await;
    let orders = books.sql(
        "WITH made AS (INSERT INTO orders (id, merchant_id, reference, state, amount_minor, \
             currency, payer_chooses, checkout_token, created_at, updated_at, expires_at, paid_late) \
         SELECT gen_random_uuid(), m.id, 'R-' || n, 'review', 100, 'IDR', true, 't', now(), now(), \
             now(), true FROM generate_series(1, 120) n, merchants m RETURNING 1) \
         SELECT count(*) FROM made",
    );
    assert_eq!(orders, "120");
    books.sql(
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, \
             verdict, received_at) \
         SELECT gen_random_uuid(), '/p', sha256(n::text::bytea), '', '{}', '/p', 'unreadable', \
             now() - make_interval(secs => n / 2) FROM generate_series(1, 120) n",
    );
    for which in [List::Review, List::Late, List::Quarantine] {
        let rows = list(&books, which).await;
        let keys: std::collections::BTreeSet<String> = rows
            .iter()
            .map(|row| format!("{:?}{:?}", row.order, row.key))
            .collect();
        assert_eq!((rows.len(), keys.len()), (120, 120), "{}", which.as_str());
    }
}

#[tokio::test]
async fn what_was_booked_is_summed_by_channel_and_time() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let two = books.pending_by("A-2", Method::VirtualAccount).await;
    for payment in [one.payment, two.payment, one.payment] {
        books.say(payment, paid()).await;
    }
    let now = Utc::now();
    let between = async |from: i64, until: i64| {
        let (from, until) = (
            now + TimeDelta::minutes(from),
            now + TimeDelta::minutes(until),
        );
        books.run(move |tx| tx.booked_between(from, until)).await
    };
    let booked = between(-5, 5).await;
    assert_eq!(booked.len(), 2, "{booked:?}");
    for one in &booked {
        assert_eq!((one.payments, one.rupiah), (1, 150_000), "{one:?}");
    }
    assert_eq!(between(-10, -5).await, []);
    let traffic = books.run(|tx| tx.traffic_of_channels(3_600)).await;
    assert_eq!(traffic.iter().filter(|one| one.state == "paid").count(), 2);
    let endpoint = books.endpoint("hook").await;
    let endpoints = books.run(|tx| tx.console_endpoints(None)).await;
    assert_eq!(endpoints.rows[0].id, endpoint.as_uuid());
    assert_eq!(books.run(|tx| tx.console_keys(None)).await.rows.len(), 0);
}

#[tokio::test]
async fn every_webhook_that_gave_up_is_on_one_page_whatever_its_endpoint_has_beside_it() {
    let books = Books::open().await;
    books.pending("A-1").await;
    let gave_up = [0, 1, 49, 50, 51, 0, 120, 3, 0, 7];
    let deleted = 7;
    for (number, dead) in gave_up.into_iter().enumerate() {
        let endpoint = books.endpoint(&format!("hook-{number}")).await.as_uuid();
        books.sql(&format!(
            "WITH events_of AS (SELECT overlay(e.id::text PLACING \
                 lpad(to_hex({number} * 1000 + n), 12, '0') FROM 25)::uuid AS id, e.merchant_id \
                 FROM (SELECT * FROM events ORDER BY id LIMIT 1) AS e, generate_series(1, {dead} + 5) n), \
             told AS (INSERT INTO events (id, merchant_id, type, body) \
                 SELECT id, merchant_id, 'order.paid', '{{}}' FROM events_of) \
             INSERT INTO deliveries (event_id, endpoint_id, state) \
             SELECT id, '{endpoint}', CASE WHEN row_number() OVER () <= {dead} THEN 'dead' \
                 ELSE 'delivered' END FROM events_of"
        ));
        if number == deleted {
            books.sql(&format!(
                "UPDATE webhook_endpoints SET deleted_at = now() WHERE id = '{endpoint}'"
            ));
        }
    }
    let rows = list(&books, List::Dead).await;
    let mut keys: Vec<_> = rows
        .iter()
        .map(|row| (row.detail.clone(), row.key))
        .collect();
    keys.sort();
    keys.dedup();
    let expected = gave_up.iter().sum::<usize>() - gave_up[deleted];
    assert_eq!((rows.len(), keys.len()), (expected, expected));
    let counted = books.run(|tx| tx.count_eyes()).await;
    assert_eq!(usize::try_from(counted.dead).unwrap(), expected);
}

#[tokio::test]
async fn a_number_that_many_shops_use_finds_the_newest_orders() {
    let books = Books::open().await;
    let newest = books.sql(
        "WITH shops AS (INSERT INTO merchants (id, name) \
             SELECT gen_random_uuid(), 'Shop ' || n FROM generate_series(1, 60) n RETURNING id), \
         made AS (INSERT INTO orders (id, merchant_id, reference, state, amount_minor, currency, \
             payer_chooses, checkout_token, created_at, updated_at, expires_at, paid_late) \
         SELECT ('019350000000700080000000' || lpad(to_hex(1000 - row_number() OVER ()), 8, '0'))::uuid, \
             id, 'INV-1', 'pending', 100, 'IDR', true, 't', now(), now(), now(), false FROM shops \
         RETURNING id) SELECT string_agg(id::text, ' ' ORDER BY id DESC) FROM made",
    );
    let newest: Vec<&str> = newest.split(' ').take(20).collect();
    let found = books.run(|tx| tx.orders_named("INV-1")).await;
    let found: Vec<String> = found.iter().map(|id| id.as_uuid().to_string()).collect();
    assert_eq!(found, newest);
}
