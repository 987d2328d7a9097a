//! A callback across the end of a month: known, counted, and in force once.

use std::time::{Duration, Instant};

use ayolinx_core::ids::PaymentId;
use ayolinx_core::reading::Channelled;
use ledger::Received;
use uuid::Uuid;

use super::{make, month, receive, suffix};
use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, PRICE};

/// As if all that came until now had come so many months ago.
fn age_inbox(books: &Books, ago: u32) {
    make(books, "inbox", ago);
    books.sql(&format!(
        "UPDATE notifications SET month = '{}', received_at = now() - interval '1 hour'",
        month(ago)
    ));
}

#[tokio::test]
async fn a_callback_of_last_month_is_known_in_this_one() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    assert_eq!(receive(&books, &body).await, Received::Applied);
    age_inbox(&books, 1);
    let twin = (receive(&books, &body), receive(&books, &body));
    assert_eq!(
        tokio::join!(twin.0, twin.1),
        (Received::Duplicate, Received::Duplicate)
    );
    let row = format!("{}|3|applied", month(1));
    assert_eq!(
        books.sql("SELECT month, seen, verdict FROM notifications"),
        row
    );
    assert_eq!(books.view(one.order).await.version, 3);
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn what_was_only_kept_last_month_is_applied_in_this_one_and_stays_one_row() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let stranger = PaymentId::from_uuid(Uuid::now_v7());
    let unknown = says(stranger, "00", "150000.00");
    assert_eq!(receive(&books, &unknown).await, Received::UnknownReference);
    let stale = says(one.payment, "00", "150000.00");
    let old = inbound(&stale, Channelled::StaleCallback);
    assert_eq!(books.ledger.receive(old).await.unwrap(), Received::Asked);
    age_inbox(&books, 1);
    assert_eq!(receive(&books, &stale).await, Received::Applied);
    assert_eq!(receive(&books, &unknown).await, Received::UnknownReference);
    assert_eq!(
        books.sql("SELECT DISTINCT month, seen FROM notifications"),
        format!("{}|2", month(1))
    );
    books.sql(
        "UPDATE notifications SET rematch_due_at = now() - interval '1 s' WHERE payment_id IS NULL",
    );
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 0);
    let waits = "notifications WHERE rematch_due_at > now()";
    assert_eq!(books.count(waits), 1);
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn a_second_row_across_the_months_has_no_second_effect() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    assert_eq!(receive(&books, &body).await, Received::Applied);
    // Too long ago to be looked up: a second row there is.
    age_inbox(&books, 2);
    assert_eq!(receive(&books, &body).await, Received::NoChange);
    assert_eq!(receive(&books, &body).await, Received::Duplicate);
    assert_eq!(books.count("notifications"), 2);
    // Both in reach, as when it came twice at once while a month ended.
    make(&books, "inbox", 1);
    books.sql(&format!(
        "UPDATE notifications SET month = '{}' WHERE verdict = 'applied'",
        month(1)
    ));
    assert_eq!(receive(&books, &body).await, Received::Duplicate);
    assert_eq!(books.sql("SELECT sum(seen) FROM notifications"), "4");
    assert_eq!(books.count("receipts"), 1);
    assert_eq!(books.count("journals"), 1);
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.paid"]
    );
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

/// How often indexes of the inbox of that month were searched, and how many entries were read.
fn lookups(books: &Books, ago: u32) -> (i64, i64) {
    let found = books.sql(&format!(
        "SELECT sum(idx_scan), sum(idx_tup_read) FROM pg_stat_user_indexes \
         WHERE relname = 'notifications{}'",
        suffix(ago)
    ));
    let (scans, read) = found.split_once('|').unwrap();
    (scans.parse().unwrap(), read.parse().unwrap())
}

#[tokio::test]
async fn a_callback_looks_at_two_months_and_reads_no_month_whole() {
    const KNOWN: i64 = 5000;
    let books = Books::open().await;
    for ago in 1..8 {
        make(&books, "inbox", ago);
    }
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    // Planned while the months were empty.
    for _ in 0..10 {
        receive(&books, &body).await;
    }
    books.sql(&format!(
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, verdict) \
         SELECT gen_random_uuid(), '/p', sha256(n::text::bytea), 'x', '{{}}', '/p', 'no_change' \
         FROM generate_series(1, {KNOWN}) n"
    ));
    let began = lookups(&books, 0);
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut came = 0;
    // The server counts once a second and connection.
    while lookups(&books, 0).0 < began.0 + 20 {
        assert!(Instant::now() < deadline, "{came}");
        assert_eq!(receive(&books, &body).await, Received::Duplicate);
        came += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let read = lookups(&books, 0).1 - began.1;
    assert!(read < KNOWN, "{came} callbacks read {read} entries");
    assert!(lookups(&books, 1).0 > 0);
    for ago in 2..8 {
        assert_eq!(lookups(&books, ago).0, 0, "{ago} months ago");
    }
}
