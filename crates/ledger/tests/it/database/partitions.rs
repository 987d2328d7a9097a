//! History, inbox and outbox by month: made ahead, dropped when their time is over, and nothing is
//! refused, lost or done twice because of it.

use ayolinx_core::reading::Channelled;
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use devstack::run_sql;
use ledger::{Received, Retention, Upkeep};
use uuid::Uuid;

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, paid};

mod inbox;
mod rights;

const TABLES: [&str; 5] = [
    "history",
    "notifications",
    "events",
    "deliveries",
    "delivery_tries",
];
const LEAST: Retention = Retention {
    history: 12,
    inbox: 2,
    outbox: 2,
    payers: 2,
    creation_days: 30,
};

/// The first day of the month so many months ago.
fn month(ago: u32) -> NaiveDate {
    let this = Utc::now().date_naive().with_day(1).unwrap();
    this.checked_sub_months(Months::new(ago)).unwrap()
}

fn suffix(ago: u32) -> String {
    month(ago).format("_%Y_%m").to_string()
}

fn starts(ago: u32) -> DateTime<Utc> {
    month(ago).and_hms_opt(0, 0, 0).unwrap().and_utc()
}

fn event_id(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap();
    let random = Uuid::new_v4();
    let bytes: &[u8; 10] = random.as_bytes()[6..].try_into().unwrap();
    uuid::Builder::from_unix_timestamp_millis(millis, bytes).into_uuid()
}

async fn keep(books: &Books) -> Upkeep {
    books.ledger.keep_partitions(LEAST).await.unwrap()
}

fn make(books: &Books, family: &str, ago: u32) {
    books.sql(&format!("SELECT make_month('{family}', '{}')", month(ago)));
}

/// A row of each table as if it had been written then; returns the event's id.
fn plant(books: &Books, at: DateTime<Utc>) -> Uuid {
    let (merchant, event) = (books.merchant.as_uuid(), event_id(at));
    let first = at.date_naive().with_day(1).unwrap();
    for statement in [
        format!(
            "INSERT INTO history (order_id, at, source, fact) VALUES ('{event}', '{at}', 'x', 'y')"
        ),
        format!(
            "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, \
                 verdict, received_at, month) \
             VALUES ('{event}', '/p', sha256('{event}'), 'x', '{{}}', '/p', 'no_change', '{at}', '{first}')"
        ),
        format!(
            "INSERT INTO events (id, merchant_id, type, body, created_at) \
             VALUES ('{event}', '{merchant}', 'webhook.test', '{{}}', '{at}')"
        ),
        format!(
            "INSERT INTO deliveries (event_id, endpoint_id, state) \
             SELECT '{event}', id, 'delivered' FROM webhook_endpoints"
        ),
        format!(
            "INSERT INTO delivery_tries (event_id, endpoint_id, try_no, at, outcome, duration_ms) \
             SELECT '{event}', id, 1, '{at}', 'delivered', 1 FROM webhook_endpoints"
        ),
    ] {
        books.sql(&statement);
    }
    event
}

/// Which of the planted rows a table still has.
fn left(books: &Books, table: &str) -> Vec<Uuid> {
    let key = match table {
        "history" => "order_id",
        "deliveries" | "delivery_tries" => "event_id",
        _ => "id",
    };
    let ids = books.sql(&format!("SELECT {key} FROM {table} ORDER BY {key}"));
    ids.lines().map(|id| id.parse().unwrap()).collect()
}

#[tokio::test]
async fn migrate_makes_this_month_and_three_ahead() {
    let books = Books::open().await;
    let lines = books.run(|tx| tx.partitions()).await;
    let ahead = |months| month(0).checked_add_months(Months::new(months)).unwrap();
    for table in TABLES {
        let of_it = lines.iter().filter(|line| line.parent == table);
        let months: Vec<Option<NaiveDate>> = of_it.map(|line| line.month).collect();
        let mut wanted: Vec<_> = (0..=3).map(|months| Some(ahead(months))).collect();
        wanted.push(None);
        assert_eq!(months, wanted, "{table}");
    }
    assert!(lines.iter().all(|line| line.bytes > 0));
    assert_eq!(keep(&books).await, Upkeep::default());
}

#[tokio::test]
async fn what_is_older_than_its_retention_goes_and_the_rest_stays() {
    let books = Books::open().await;
    books.endpoint("shop").await;
    for ago in [14, 13, 12, 4, 3, 2, 1] {
        for family in ["history", "inbox", "outbox"] {
            make(&books, family, ago);
        }
    }
    let moment = TimeDelta::milliseconds(1);
    let mut planted = Vec::new();
    for at in [
        starts(14),
        starts(12) - moment,
        starts(12),
        starts(3),
        starts(2) - moment,
        starts(2),
        starts(1),
        Utc::now(),
    ] {
        planted.push(plant(&books, at));
    }
    let done = keep(&books).await;
    assert_eq!(done.held, []);
    // Of history two months go, of the others five: each of their tables counts.
    assert_eq!(done.dropped.len(), 2 + 5 + 3 * 5, "{done:?}");
    assert_eq!(left(&books, "history"), planted[2..]);
    for table in ["notifications", "events", "deliveries", "delivery_tries"] {
        assert_eq!(left(&books, table), planted[5..], "{table}");
    }
    for line in books.run(|tx| tx.partitions()).await {
        let least = if line.family == "history" { 12 } else { 2 };
        assert!(line.month.is_none_or(|at| at >= month(least)), "{line:?}");
        assert!(
            line.month.is_some() || line.row_count == Some(0),
            "{line:?}"
        );
    }
    assert_eq!(keep(&books).await, Upkeep::default());
}

#[tokio::test]
async fn what_no_month_was_made_for_is_taken_in_and_gets_its_month() {
    let books = Books::open().await;
    books.endpoint("shop").await;
    for table in [
        "delivery_tries",
        "deliveries",
        "events",
        "notifications",
        "history",
    ] {
        books.sql(&format!("DROP TABLE {table}{}", suffix(0)));
    }
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    assert_eq!(receive(&books, &body).await, Received::Applied);
    assert_eq!(receive(&books, &body).await, Received::Duplicate);
    let old = plant(&books, starts(5));
    let strays = books.run(|tx| tx.partitions()).await;
    let strays: Vec<i64> = strays
        .iter()
        .filter(|line| line.month.is_none())
        .map(|line| line.row_count.unwrap())
        .collect();
    assert_eq!(strays.len(), 5);
    assert!(strays.iter().all(|rows| *rows > 0), "{strays:?}");
    let counts = || TABLES.map(|table| books.count(table));
    let before = counts();
    let done = keep(&books).await;
    // The old row's month is made for it, and its time is over at once, but for history's.
    assert_eq!(done.made.len(), 5 + 5, "{done:?}");
    assert_eq!(done.dropped.len(), 4, "{done:?}");
    assert_eq!(
        counts(),
        [
            before[0],
            before[1] - 1,
            before[2] - 1,
            before[3] - 1,
            before[4] - 1
        ]
    );
    assert!(left(&books, "history").contains(&old));
    for table in TABLES {
        assert_eq!(books.count(&format!("{table}_default")), 0, "{table}");
    }
    assert_eq!(receive(&books, &body).await, Received::Duplicate);
    for part in [suffix(0), "_default".to_owned()] {
        refused(&books, &format!("DELETE FROM history{part}"));
    }
    books.audit().await;
}

#[tokio::test]
async fn nothing_recorded_can_be_changed_in_its_month_either() {
    let books = Books::open().await;
    books.pending("A-1").await;
    for part in [suffix(0), "_default".to_owned()] {
        for statement in [
            "DELETE FROM history{}",
            "UPDATE history{} SET fact = 'z'",
            "TRUNCATE history{}",
        ] {
            refused(&books, &statement.replace("{}", &part));
        }
    }
}

#[track_caller]
fn refused(books: &Books, statement: &str) {
    let said = run_sql(&books.database.url(), statement)
        .unwrap_err()
        .to_string();
    assert!(said.contains("append-only"), "{statement}: {said}");
}

async fn receive(books: &Books, body: &str) -> Received {
    let inbound = inbound(body, Channelled::Callback);
    books.ledger.receive(inbound).await.unwrap()
}

#[tokio::test]
async fn a_month_with_deliveries_to_be_made_stays_and_says_so() {
    let books = Books::open().await;
    let endpoint = books.endpoint("shop").await;
    for ago in [3, 4] {
        make(&books, "outbox", ago);
        plant(&books, starts(ago));
    }
    books.sql(&format!(
        "UPDATE deliveries SET state = 'due', due_at = now() WHERE event_id < '{}'",
        event_id(starts(3) - TimeDelta::days(1))
    ));
    let done = keep(&books).await;
    let held: Vec<(&str, i64)> = done
        .held
        .iter()
        .map(|one| (one.name.as_str(), one.due))
        .collect();
    let names = TABLES.map(|table| format!("{table}{}", suffix(4)));
    assert_eq!(
        held,
        [
            (names[4].as_str(), 1),
            (names[3].as_str(), 1),
            (names[2].as_str(), 1)
        ]
    );
    let outbox = done
        .dropped
        .iter()
        .filter(|name| !name.starts_with("notifications"));
    assert_eq!(outbox.count(), 3, "{done:?}");
    assert_eq!(books.count("events"), 1);
    // An endpoint that is gone for ever is waited for by nobody.
    let merchant = books.merchant;
    books
        .run(move |tx| tx.delete_endpoint(merchant, endpoint))
        .await;
    let done = keep(&books).await;
    assert_eq!((done.held.len(), done.dropped.len()), (0, 3));
    assert_eq!(books.count("events"), 0);
}

#[tokio::test]
async fn many_at_once_make_and_drop_each_month_once() {
    let books = Books::open().await;
    books.endpoint("shop").await;
    for table in [
        "delivery_tries",
        "deliveries",
        "events",
        "notifications",
        "history",
    ] {
        books.sql(&format!("DROP TABLE {table}{}", suffix(0)));
    }
    for ago in [13, 3] {
        for family in ["history", "inbox", "outbox"] {
            make(&books, family, ago);
        }
        plant(&books, starts(ago));
    }
    let mut running = Vec::new();
    for _ in 0..6 {
        let ledger = books.ledger.clone();
        running.push(tokio::spawn(async move {
            ledger.keep_partitions(LEAST).await.unwrap()
        }));
    }
    // Payments go on meanwhile.
    for number in 0..10 {
        let one = books.pending(&format!("A-{number}")).await;
        let body = says(one.payment, "00", "150000.00");
        assert_eq!(receive(&books, &body).await, Received::Applied);
    }
    let (mut made, mut dropped) = (0, 0);
    for one in running {
        let done = one.await.unwrap();
        made += done.made.len();
        dropped += done.dropped.len();
    }
    assert_eq!((made, dropped), (5, 9));
    books.audit().await;
}

#[tokio::test]
async fn the_books_are_proven_without_what_rightly_went() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    for family in ["history", "outbox"] {
        make(&books, family, 14);
    }
    let (then, event) = (starts(14), event_id(starts(14)));
    books.sql(&format!(
        "SET session_replication_role = replica; \
         UPDATE orders SET created_at = '{then}', paid_at = '{then}'; \
         UPDATE payments SET created_at = '{then}', paid_at = '{then}'; \
         UPDATE history SET at = '{then}'; \
         UPDATE events SET id = overlay(id::text PLACING left('{event}', 13) FROM 1 FOR 13)::uuid"
    ));
    books.audit().await;
    let done = keep(&books).await;
    assert_eq!(done.dropped.len(), 4, "{done:?}");
    assert_eq!(books.count("history") + books.count("events"), 0);
    books.audit().await;
    // It is known from what was dropped, not from what is missing.
    books.sql("DELETE FROM partition_drops");
    let findings = books.findings().await;
    assert!(
        findings.iter().any(|one| one.starts_with("every version")),
        "{findings:?}"
    );
    assert!(
        findings
            .iter()
            .any(|one| one.starts_with("every order that was paid")),
        "{findings:?}"
    );
}
