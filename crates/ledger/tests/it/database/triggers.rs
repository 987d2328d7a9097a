//! The books and the history are append-only and balanced, whoever writes.

use chrono::{TimeDelta, Utc};
use devstack::run_sql;

use crate::support::{Books, PRICE, paid};

/// What the database says to a statement it must refuse.
fn refusal(books: &Books, statement: &str) -> String {
    match run_sql(&books.database.url(), statement) {
        Ok(answer) => panic!("`{statement}` was taken: {answer}"),
        Err(trouble) => trouble.to_string(),
    }
}

#[tokio::test]
async fn nothing_booked_or_recorded_can_be_changed() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    for table in ["journals", "entries", "history"] {
        let column = if table == "entries" {
            "line = 9"
        } else {
            "order_id = order_id"
        };
        for statement in [
            format!("UPDATE {table} SET {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let said = refusal(&books, &statement);
            assert!(said.contains("append-only"), "{statement}: {said}");
        }
    }
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn an_unbalanced_or_empty_entry_is_refused() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    let journal = books.sql("SELECT id FROM journals");
    let merchant = books.merchant.as_uuid();
    let entry = |line: i32, minor: i64| {
        format!("('{journal}', {line}, '{merchant}', 'suspense', {minor}, 'IDR')")
    };
    for values in [
        entry(3, 1),
        format!("{}, {}", entry(3, 5), entry(4, -4)),
        entry(3, 0),
    ] {
        refusal(&books, &format!("INSERT INTO entries VALUES {values}"));
    }
    let balanced = format!(
        "INSERT INTO entries VALUES {}, {}",
        entry(3, 5),
        entry(4, -5)
    );
    books.sql(&balanced);
}

#[tokio::test]
async fn impossible_rows_are_refused() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    for statement in [
        "UPDATE orders SET amount_minor = 0",
        "UPDATE orders SET paid_minor = -1",
        "UPDATE orders SET currency = 'USD'",
        "UPDATE orders SET state = 'creating'",
        "UPDATE orders SET reference = 'a b'",
        "UPDATE orders SET version = 0",
        "UPDATE payments SET refunded_minor = received_minor + 1",
        "UPDATE payments SET merchant_minor = -1",
        "UPDATE payments SET state = 'unheard'",
        "UPDATE receipts SET held = 'nowhere'",
        "UPDATE creations SET fingerprint = 'short'",
    ] {
        refusal(&books, statement);
    }
}

#[tokio::test]
async fn whatever_version_makes_an_order_with_an_unsigned_link_its_time_is_noted() {
    let books = Books::open().await;
    books.pending("SIGNED").await;
    let until = async || books.run(|tx| tx.links_unsigned_until()).await;
    assert_eq!(until().await, None, "a signed link tells nothing");
    // As the version before does it: once, again at once, and after a way back to it days later.
    let unsigned = |reference: &str| {
        let made = format!(
            "SET gateway.merchant = 'all'; \
             INSERT INTO orders (id, merchant_id, reference, state, amount_minor, currency, payer_chooses, \
                 checkout_token, created_at, updated_at, expires_at) \
             VALUES (gen_random_uuid(), '{}', '{reference}', 'pending', 100, 'IDR', true, repeat('0', 64), \
                 now(), now(), now() + interval '1 h')",
            books.merchant.as_uuid()
        );
        run_sql(&books.database.services_url(), &made).unwrap();
    };
    unsigned("FIRST");
    let first = until().await.unwrap();
    assert!(first > Utc::now() + TimeDelta::hours(23), "{first}");
    unsigned("SECOND");
    assert_eq!(
        until().await,
        Some(first),
        "no row is written for each order"
    );
    books.sql("UPDATE checkout_links SET unsigned_until = now() - interval '3 days'");
    unsigned("LATER");
    assert!(until().await.unwrap() > Utc::now() + TimeDelta::hours(23));
}
