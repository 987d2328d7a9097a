//! What holds the services' own role, whatever a statement of theirs forgets or a thief of their
//! password tries: whose rows it sees, and what it may do with them.

use ayolinx_core::ids::{MerchantId, OrderId};
use devstack::{SERVICES_ROLE, run_sql};
use ledger::{Begun, LedgerError, Urgency};
use uuid::Uuid;

use crate::support::{Books, claim, order, paid};

/// Tables that belong to no merchant and are walled off from each.
const OF_THE_PROVIDER: [&str; 6] = [
    "operator_actions",
    "operator_sessions",
    "operators",
    "rejected_notifications",
    "sign_in_attempts",
    "snap_tokens",
];
/// Tables without anything about anybody.
const OF_NOBODY: [&str; 4] = [
    "__diesel_schema_migrations",
    "checkout_links",
    "partition_drops",
    "provider_work",
];

fn as_services(books: &Books, statement: &str) -> Result<String, String> {
    run_sql(&books.database.services_url(), statement).map_err(|trouble| trouble.to_string())
}

/// The tables, without the parts of those that are in parts.
fn tables(books: &Books) -> Vec<String> {
    let found = books.sql(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1",
    );
    found.lines().map(str::to_owned).collect()
}

/// A whole life for the shop of these books, and for another.
async fn two_shops() -> (Books, MerchantId, OrderId) {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    let other = MerchantId::from_uuid(Uuid::now_v7());
    books
        .run(move |tx| tx.add_merchant(other, "Toko Siti"))
        .await;
    let begun = books.begin(&order(other, "A-1", None), &claim("B-1")).await;
    let Begun::Created { order_id, .. } = begun else {
        panic!("{begun:?}");
    };
    (books, other, order_id)
}

#[tokio::test]
async fn every_table_has_its_rights_and_its_wall() {
    let books = Books::open().await;
    for table in tables(&books) {
        let reads = format!("SELECT has_table_privilege('{SERVICES_ROLE}', '{table}', 'SELECT')");
        assert_eq!(
            books.sql(&reads),
            "t",
            "{table} stands in no list of rights"
        );
        let walled = books.sql(&format!(
            "SELECT relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid) \
             FROM pg_class c WHERE oid = 'public.{table}'::regclass"
        ));
        let expected = if OF_NOBODY.contains(&table.as_str()) {
            "f"
        } else {
            "t"
        };
        assert_eq!(walled, expected, "{table}");
    }
    let parts = books.sql(&format!(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' \
         AND has_table_privilege('{SERVICES_ROLE}', oid, 'SELECT, INSERT, UPDATE, DELETE')"
    ));
    assert_eq!(parts, "", "a part is reached through its table only");
}

#[tokio::test]
async fn a_statement_that_does_not_ask_whose_a_row_is_finds_the_shops_own() {
    let (books, other, theirs) = two_shops().await;
    let own = books.ledger.for_merchant(books.merchant);
    let found = own
        .at(Urgency::Write)
        .transact(move |tx| tx.any_order_view(theirs))
        .await;
    assert!(matches!(found, Err(LedgerError::NotFound)), "{found:?}");
    let as_other = books.ledger.for_merchant(other);
    assert!(
        as_other
            .at(Urgency::Write)
            .transact(move |tx| tx.any_order_view(theirs))
            .await
            .is_ok()
    );
    // The same connections, asked for nobody in particular.
    assert!(
        books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.any_order_view(theirs))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn each_shop_sees_its_part_of_every_table_and_together_they_see_all() {
    let (books, other, _) = two_shops().await;
    let count = |whose: &str, table: &str| -> u64 {
        let asked = format!("SET gateway.merchant = '{whose}'; SELECT count(*) FROM {table}");
        as_services(&books, &asked).unwrap().trim().parse().unwrap()
    };
    let (one, two) = (
        books.merchant.as_uuid().to_string(),
        other.as_uuid().to_string(),
    );
    let stranger = Uuid::now_v7().to_string();
    let mut parted = Vec::new();
    for table in tables(&books) {
        if OF_NOBODY.contains(&table.as_str()) {
            continue;
        }
        let all: u64 = books
            .sql(&format!("SELECT count(*) FROM {table}"))
            .parse()
            .unwrap();
        assert_eq!(count("all", &table), all, "{table}");
        for nobody in ["", "ALL", "%", &stranger, &stranger.to_uppercase()] {
            assert_eq!(count(nobody, &table), 0, "{table}, seen as {nobody:?}");
        }
        let unsaid = as_services(&books, &format!("SELECT count(*) FROM {table}"));
        assert_eq!(unsaid.unwrap().trim(), "0", "{table}, whoever says nothing");
        if OF_THE_PROVIDER.contains(&table.as_str()) {
            continue;
        }
        let (ours, theirs) = (count(&one, &table), count(&two, &table));
        assert_eq!(ours + theirs, all, "{table}");
        if ours > 0 {
            parted.push(table);
        }
    }
    for table in [
        "orders",
        "payments",
        "events",
        "deliveries",
        "history",
        "entries",
        "receipts",
    ] {
        assert!(
            parted.iter().any(|known| known == table),
            "{table} was never tried"
        );
    }
}

/// Rows that the planner expects a session of this role to find, with this beginning.
fn expected_rows(url: &str, begins: &str, table: &str) -> i64 {
    let asked = format!("{begins}; EXPLAIN SELECT FROM {table}");
    let plan = run_sql(url, &asked).unwrap();
    let (_, rest) = plan.split_once("rows=").unwrap();
    rest.split_once(' ').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn a_wall_changes_no_estimate_of_the_planner() {
    let (books, ..) = two_shops().await;
    let shop = format!("SET gateway.merchant = '{}'", books.merchant.as_uuid());
    for table in tables(&books) {
        let is_walled = |names: &[&str]| !names.contains(&table.as_str());
        if !is_walled(&OF_NOBODY) || !is_walled(&OF_THE_PROVIDER) || table == "shared_references" {
            continue;
        }
        let without = expected_rows(&books.database.url(), "SET jit = off", &table);
        for begins in [shop.as_str(), "SET gateway.merchant = 'all'"] {
            let within = expected_rows(&books.database.services_url(), begins, &table);
            assert!(
                within * 100 >= without * 95,
                "{table}: {within} of {without} rows are expected after {begins}"
            );
        }
    }
}

#[tokio::test]
async fn a_row_cannot_be_written_for_another_shop() {
    let (books, other, theirs) = two_shops().await;
    let whose = books.merchant.as_uuid();
    let cancelled = as_services(
        &books,
        &format!(
            "SET gateway.merchant = '{whose}'; \
             UPDATE orders SET state = 'cancelled' WHERE id = '{}'; \
             SELECT count(*) FROM orders",
            theirs.as_uuid()
        ),
    );
    assert_eq!(cancelled.unwrap().trim(), "1");
    let state = format!("SELECT state FROM orders WHERE id = '{}'", theirs.as_uuid());
    assert_eq!(books.sql(&state), "pending");
    let refused = as_services(
        &books,
        &format!(
            "SET gateway.merchant = '{whose}'; \
             INSERT INTO events (id, merchant_id, type, body) \
             VALUES (gen_random_uuid(), '{}', 'webhook.test', '{{}}')",
            other.as_uuid()
        ),
    );
    assert!(refused.unwrap_err().contains("row-level security"));
}

#[tokio::test]
async fn what_only_grows_and_what_never_changes_is_out_of_reach() {
    let (books, ..) = two_shops().await;
    for statement in [
        "UPDATE journals SET booking = booking",
        "DELETE FROM entries",
        "UPDATE entries SET minor = minor",
        "UPDATE history SET detail = 'nothing happened'",
        "DELETE FROM history",
        "DELETE FROM events",
        "UPDATE orders SET amount_minor = 1",
        "UPDATE orders SET merchant_id = merchant_id",
        "DELETE FROM orders",
        "DELETE FROM payments",
        "DELETE FROM notifications",
        "TRUNCATE payers",
        "DROP TABLE payers",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_merchant ON orders",
        "CREATE TABLE mine (id int)",
        "CREATE OR REPLACE FUNCTION sees_merchant(of_merchant uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "SET session_replication_role = replica",
        "SET ROLE gateway",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY orders TO PROGRAM 'cat'",
    ] {
        let said = as_services(&books, statement).expect_err(statement);
        assert!(
            said.contains("permission denied") || said.contains("must be "),
            "{statement}: {said}"
        );
    }
}

#[tokio::test]
async fn rights_are_given_to_a_role_that_they_hold() {
    let books = Books::open().await;
    let url = books.database.url();
    let nobody = ledger::grant_to_services(&url, "nobody_of_this_name");
    assert!(matches!(nobody, Err(LedgerError::NotFound)), "{nobody:?}");
    let superuser = ledger::grant_to_services(&url, "gateway");
    assert!(
        matches!(superuser, Err(LedgerError::Conflict(_))),
        "{superuser:?}"
    );
    books.sql(&format!("GRANT DELETE ON orders TO {SERVICES_ROLE}"));
    ledger::grant_to_services(&url, SERVICES_ROLE).unwrap();
    let deletes = format!("SELECT has_table_privilege('{SERVICES_ROLE}', 'orders', 'DELETE')");
    assert_eq!(books.sql(&deletes), "f", "what it had beyond is taken away");
}
