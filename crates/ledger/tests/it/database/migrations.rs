//! The schema: up, down and up again; the same as the code believes; known to be behind.

use std::collections::BTreeMap;

use ayolinx_core::method::Method;
use devstack::{SERVICES_ROLE, TestDatabase};
use ledger::{Ledger, Urgency, grant_to_services, known_versions, migrate, revert_all};

use crate::support::crowd::plant;
use crate::support::{Books, context, paid, settings};

const TABLES_AS_CODE: &str = concat!(
    include_str!("../../../src/database/schema.rs"),
    include_str!("../../../src/database/schema/console.rs"),
    include_str!("../../../src/database/schema/money.rs")
);

const COLUMNS: &str = "SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable \
     FROM information_schema.columns WHERE table_schema = 'public' \
     AND table_name <> '__diesel_schema_migrations' AND NOT (SELECT relispartition FROM pg_class \
     WHERE oid = table_name::regclass) ORDER BY table_name, ordinal_position";

#[test]
fn up_down_and_up_again_is_the_same_schema() {
    let database = TestDatabase::empty();
    let applied = migrate(&database.url()).unwrap();
    assert_eq!(applied.len(), known_versions().unwrap().len());
    let first = database.query(COLUMNS);
    assert!(migrate(&database.url()).unwrap().is_empty());
    revert_all(&database.url()).unwrap();
    assert_eq!(database.query(COLUMNS).trim(), "");
    let left = "SELECT (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                WHERE n.nspname = 'public') + (SELECT count(*) FROM pg_class c JOIN pg_namespace n \
                ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relname NOT LIKE '\\_\\_diesel%')";
    assert_eq!(database.query(left).trim(), "0");
    migrate(&database.url()).unwrap();
    assert_eq!(database.query(COLUMNS), first);
}

#[test]
fn two_migrators_at_once_do_it_once() {
    let database = TestDatabase::empty();
    let migrators: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url();
            std::thread::spawn(move || migrate(&url).unwrap().len())
        })
        .collect();
    let applied: Vec<usize> = migrators
        .into_iter()
        .map(|one| one.join().unwrap())
        .collect();
    assert_eq!(
        applied.iter().sum::<usize>(),
        known_versions().unwrap().len()
    );
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1);
}

#[tokio::test]
async fn a_database_that_is_behind_is_known_to_be() {
    let database = TestDatabase::empty();
    let ledger = Ledger::new(&settings(database.url()), context());
    let missing = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.missing_migrations())
        .await
        .unwrap();
    assert_eq!(missing, known_versions().unwrap());
    migrate(&database.url()).unwrap();
    let missing = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.missing_migrations())
        .await
        .unwrap();
    assert!(missing.is_empty(), "{missing:?}");
    database.query(
        "DELETE FROM __diesel_schema_migrations WHERE version = \
         (SELECT max(version) FROM __diesel_schema_migrations)",
    );
    let missing = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.missing_migrations())
        .await
        .unwrap();
    assert_eq!(
        missing,
        known_versions().unwrap()[known_versions().unwrap().len() - 1..]
    );
}

const DIVIDE: &str =
    include_str!("../../../../../migrations/2026-11-21-000012_partition_by_month/up.sql");
const UNITE: &str =
    include_str!("../../../../../migrations/2026-11-21-000012_partition_by_month/down.sql");

/// What was added to the tables since, and is not in the way of the months.
const WITHOUT_CAUSE: &str =
    include_str!("../../../../../migrations/2026-11-21-000021_add_cause_of_events/down.sql");
const WITH_CAUSE: &str =
    include_str!("../../../../../migrations/2026-11-21-000021_add_cause_of_events/up.sql");

#[tokio::test]
async fn what_was_there_before_the_months_stays() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.endpoint("shop").await;
    books.say(one.payment, paid()).await;
    books.sql(
        "INSERT INTO delivery_tries (event_id, endpoint_id, try_no, outcome, duration_ms) \
         SELECT event_id, endpoint_id, 1, 'timeout', 1 FROM deliveries",
    );
    books.sql(
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, verdict) \
         SELECT gen_random_uuid(), '/p', sha256('x'), 'x', '{}', '/p', 'no_change'",
    );
    let all = "SELECT md5(string_agg(h::text, '' ORDER BY id)) FROM history h UNION ALL \
         SELECT count(*)::text FROM notifications UNION ALL \
         SELECT md5(string_agg(e::text, '' ORDER BY id)) FROM events e UNION ALL \
         SELECT md5(string_agg(d::text, '' ORDER BY event_id)) FROM deliveries d UNION ALL \
         SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM delivery_tries t";
    books.sql(&format!("BEGIN; {WITHOUT_CAUSE} COMMIT"));
    let before = books.sql(all);
    books.sql(&format!("BEGIN; {UNITE} COMMIT"));
    assert_eq!(books.sql(all), before);
    books.sql(&format!("BEGIN; {DIVIDE} COMMIT"));
    assert_eq!(books.sql(all), before);
    // They went where there was no month yet, and get theirs.
    assert_eq!(books.count("history_default"), books.count("history"));
    migrate(&books.database.url()).unwrap();
    grant_to_services(&books.database.url(), SERVICES_ROLE).unwrap();
    assert_eq!(books.count("history_default"), 0);
    assert_eq!(books.count("deliveries_default"), 0);
    assert_eq!(books.sql(all), before);
    books.sql(&format!("BEGIN; {WITH_CAUSE} COMMIT"));
    books.run(|tx| tx.rematch(1)).await;
    let two = books.pending("A-2").await;
    books.say(two.payment, paid()).await;
    books.audit().await;
}

const TELL_PAYMENTS: &str = include_str!(
    "../../../../../migrations/2026-11-30-000081_tell_payments_when_their_order_was_made/up.sql"
);
const FORGET_IT: &str = include_str!(
    "../../../../../migrations/2026-11-30-000081_tell_payments_when_their_order_was_made/down.sql"
);

#[tokio::test]
async fn payments_of_before_and_of_the_version_before_learn_when_their_order_was_made() {
    // More than are told in one transaction.
    const MANY: u32 = 6_000;
    let books = Books::open().await;
    plant(&books, "SELECT id FROM merchants", MANY);
    books.sql(FORGET_IT);
    let of_before = "INSERT INTO payments (id, order_id, merchant_id, position, method, state, amount_minor, \
             currency, created_at, updated_at, expires_at) \
         SELECT gen_random_uuid(), id, merchant_id, 9, 'qris', 'pending', 100, 'IDR', now(), now(), now() \
         FROM orders WHERE reference = ";
    books.sql(&format!("{of_before} 'A-1'"));
    books.sql(TELL_PAYMENTS);
    books.sql(&format!("{of_before} 'A-2'"));
    let wrong = "payments p JOIN orders o ON o.id = p.order_id \
         WHERE p.order_created_at IS DISTINCT FROM o.created_at";
    assert_eq!(books.count(wrong), 0);
    assert!(books.count("payments") > i64::from(MANY));
    // Broken off and done again.
    books.sql("UPDATE payments SET order_created_at = NULL WHERE position = 2");
    books.sql(TELL_PAYMENTS);
    assert_eq!(books.count(wrong), 0);
    let now = books.pending("now").await;
    books.further(now.order, Method::Ewallet, "k").await;
    assert_eq!(books.count(wrong), 0);
}

/// Table to its columns, as `name type nullable`, in order.
type Tables = BTreeMap<String, Vec<String>>;

fn as_code() -> Tables {
    let mut tables = Tables::new();
    let mut current = None;
    let mut renamed = None;
    for line in TABLES_AS_CODE.lines().map(str::trim) {
        if let Some(name) = line
            .strip_suffix(") {")
            .and_then(|head| head.split_once(" ("))
        {
            current = Some(name.0.to_owned());
            tables.insert(name.0.to_owned(), Vec::new());
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            renamed = Some(name.trim_end_matches("\"]").to_owned());
        } else if let (Some(table), Some((name, kind))) = (&current, line.split_once(" -> ")) {
            let kind = kind.trim_end_matches(',');
            let (kind, nullable) = match kind.strip_prefix("Nullable<") {
                Some(inner) => (inner.trim_end_matches('>').to_owned(), "YES"),
                None => (kind.to_owned(), "NO"),
            };
            let name = renamed.take().unwrap_or_else(|| name.to_owned());
            let column = format!("{name} {} {nullable}", postgres_name(&kind));
            tables.get_mut(table).unwrap().push(column);
        }
    }
    tables
}

fn postgres_name(kind: &str) -> &str {
    match kind {
        "Uuid" => "uuid",
        "Text" => "text",
        "Timestamptz" => "timestamptz",
        "Bytea" => "bytea",
        "Int2" => "int2",
        "Int4" => "int4",
        "Int8" => "int8",
        "Date" => "date",
        "Bool" => "bool",
        // Without the closing brackets, which went with those of `Nullable`.
        "Array<Text>" | "Array<Text" => "_text",
        other => panic!("a type of schema.rs that this test does not know: {other}"),
    }
}

#[tokio::test]
async fn the_tables_as_code_are_the_tables() {
    let books = Books::open().await;
    let mut tables = Tables::new();
    for line in books.sql(COLUMNS).lines() {
        let (table, column) = line.split_once('.').unwrap();
        tables
            .entry(table.to_owned())
            .or_default()
            .push(column.to_owned());
    }
    let code = as_code();
    for (table, columns) in &code {
        for column in columns {
            assert!(
                tables[table].contains(column),
                "{table}: {column} is not {:?}",
                tables[table]
            );
        }
    }
    let unmapped: Vec<&String> = tables
        .keys()
        .filter(|name| !code.contains_key(*name))
        .collect();
    assert!(unmapped.is_empty(), "{unmapped:?}");
    for (table, columns) in &tables {
        let missing: Vec<&String> = columns
            .iter()
            // Written by its default; diesel has no type for it.
            .filter(|column| *column != "transaction xid8 NO" && !code[table].contains(column))
            .collect();
        assert!(missing.is_empty(), "{table}: {missing:?}");
    }
}

#[tokio::test]
async fn every_foreign_key_to_a_growing_table_has_an_index() {
    let books = Books::open().await;
    let uncovered = books.sql(
        "SELECT conrelid::regclass || '.' || a.attname FROM pg_constraint c \
         JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
         WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT EXISTS (SELECT FROM pg_index i \
             WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]) ORDER BY 1",
    );
    // Rows of these are never deleted and never looked up by these columns.
    assert_eq!(
        uncovered,
        "creations.payment_id\noperator_actions.operator_id\npayments.replaces\nrefunds.merchant_id"
    );
}

const MOVE_REASONS: &str =
    include_str!("../../../../../migrations/2026-11-30-000043_move_reasons_of_dismissals/up.sql");

/// A callback with these headers.
fn notify(database: &TestDatabase, path: &str, headers: &str) {
    database.query(&format!(
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, verdict) \
         VALUES (gen_random_uuid(), '{path}', sha256('{path}'), 'x', '{headers}', 'mounted', 'dismissed')"
    ));
}

#[test]
fn reasons_of_dismissals_leave_the_headers_and_nothing_else_does() {
    let database = TestDatabase::create(|url| {
        migrate(url).unwrap();
    });
    let own = r#"[["x-note","[\"dismissed\", \"by us\"]"],["dismissed","no reason of ours"]]"#;
    let once = r#"[["a", "1"], ["dismissed", "ticket 7"]]"#;
    let twice = r#"[["dismissed", "first"], ["a", "1"], ["dismissed", "then \"this\""]]"#;
    let alone = r#"[["dismissed", "nothing else came"]]"#;
    for (path, headers) in [
        ("own", own),
        ("once", once),
        ("twice", twice),
        ("alone", alone),
    ] {
        notify(&database, path, headers);
    }
    let kept = "SELECT headers, dismissed_by, dismissed_reason FROM notifications ORDER BY path";
    database.query(&format!("BEGIN; {MOVE_REASONS} COMMIT"));
    let moved = database.query(kept);
    let expected = [
        "[]|gatewayctl|nothing else came".to_owned(),
        r#"[["a", "1"]]|gatewayctl|ticket 7"#.to_owned(),
        format!("{own}||"),
        r#"[["a", "1"]]|gatewayctl|then "this""#.to_owned(),
    ];
    assert_eq!(moved.trim().lines().collect::<Vec<_>>(), expected);
    database.query(&format!("BEGIN; {MOVE_REASONS} COMMIT"));
    assert_eq!(database.query(kept), moved, "done twice it does nothing");
}
