//! A migration that cannot have its lock, beside those who work with the table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use devstack::TestDatabase;
use diesel_migrations::FileBasedMigrations;

use super::*;

const HASTE: Patience = Patience {
    tries: 40,
    pause: Duration::from_millis(200),
};

fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::establish(&database.url()).unwrap()
}

fn with_orders() -> TestDatabase {
    let database = TestDatabase::empty();
    database.query("CREATE TABLE orders (id integer, note text)");
    database
}

/// Makes one migration, in a folder of its own.
fn migration(up: &str, is_in_transaction: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("2026-11-21-000099_try");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("up.sql"), up).unwrap();
    std::fs::write(own.join("down.sql"), "SELECT 1").unwrap();
    let metadata = format!("run_in_transaction = {is_in_transaction}\n");
    std::fs::write(own.join("metadata.toml"), metadata).unwrap();
    folder
}

fn apply(
    database: &TestDatabase,
    folder: &tempfile::TempDir,
    patience: Patience,
) -> (Result<Vec<String>, LedgerError>, Vec<String>) {
    let mut connection = connect(database);
    let source = FileBasedMigrations::from_path(folder.path()).unwrap();
    let mut told = Vec::new();
    let mut migrator = Migrator {
        connection: &mut connection,
        patience,
        told: &mut |line| told.push(line.to_owned()),
    };
    migrator.become_the_only_one().unwrap();
    let pending = migrator.connection.pending_migrations(source).unwrap();
    (migrator.apply(&pending), told)
}

const ADD_A_COLUMN: &str =
    "SET LOCAL lock_timeout = '300ms'; ALTER TABLE orders ADD COLUMN more text";

#[test]
fn others_go_on_while_a_migration_waits_for_a_long_transaction_and_then_it_is_applied() {
    let database = with_orders();
    let folder = migration(ADD_A_COLUMN, true);
    let is_over = AtomicBool::new(false);
    let held_for = Duration::from_secs(4);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut holder = connect(&database);
            holder
                .batch_execute("SET application_name = 'a report'; BEGIN; SELECT FROM orders")
                .unwrap();
            std::thread::sleep(held_for);
            holder.batch_execute("COMMIT").unwrap();
        });
        let load = scope.spawn(|| {
            let mut writer = connect(&database);
            let mut waits = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let began = Instant::now();
                writer
                    .batch_execute("INSERT INTO orders (id) VALUES (1)")
                    .unwrap();
                waits.push(began.elapsed());
            }
            waits
        });
        let asked = "SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass AND granted \
                     AND mode = 'AccessShareLock'";
        while database.query(asked).trim() == "0" {
            std::thread::yield_now();
        }
        let began = Instant::now();
        let (applied, told) = apply(&database, &folder, HASTE);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(applied.unwrap(), ["20261121000099"]);
        assert!(began.elapsed() > Duration::from_secs(2), "it had to wait");
        let retries: Vec<&String> = told
            .iter()
            .filter(|l| l.contains("no lock in time"))
            .collect();
        assert!(retries.len() > 2, "{told:?}");
        assert!(
            retries
                .iter()
                .any(|line| line.contains("(a report, idle in transaction)")),
            "{told:?}"
        );
        let waits = load.join().unwrap();
        let longest = waits.iter().max().unwrap();
        assert!(*longest < Duration::from_millis(1200), "{longest:?}");
        assert!(waits.len() > 20, "{}", waits.len());
    });
}

#[test]
fn a_migration_that_gets_no_lock_says_who_holds_it_and_changes_nothing() {
    let database = with_orders();
    let mut holder = connect(&database);
    holder.batch_execute("BEGIN; SELECT FROM orders").unwrap();
    let little = Patience { tries: 3, ..HASTE };
    let (applied, told) = apply(&database, &migration(ADD_A_COLUMN, true), little);
    let why = applied.unwrap_err();
    assert!(why.is_transient(), "{why}");
    let why = why.to_string();
    assert!(
        why.contains("no lock in 3 tries and changed nothing"),
        "{why}"
    );
    assert_eq!(told.len(), 3, "{told:?}");
    let columns = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders'";
    assert_eq!(database.query(columns).trim(), "2");
}

#[test]
fn what_is_wrong_with_a_migration_is_said_at_once() {
    let database = with_orders();
    let (applied, told) = apply(
        &database,
        &migration("ALTER TABLE nowhere ADD x text", true),
        HASTE,
    );
    let why = applied.unwrap_err().to_string();
    assert!(
        why.contains("nowhere") && why.contains("changed nothing"),
        "{why}"
    );
    assert_eq!(told, ["1 of 1: 2026-11-21-000099_try"]);
}

#[test]
fn an_index_that_was_half_made_is_made_anew() {
    let database = with_orders();
    database.query("CREATE INDEX orders_note ON orders (note)");
    database
        .query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_note'::regclass");
    let up = "CREATE INDEX CONCURRENTLY orders_note ON orders (note)";
    let (applied, told) = apply(&database, &migration(up, false), HASTE);
    applied.unwrap();
    assert!(
        told.iter().any(|line| line.contains("half made")),
        "{told:?}"
    );
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_note'::regclass";
    assert_eq!(database.query(valid).trim(), "t");
}

/// The parts of an index of the whole table, and whether each can be used.
const PARTS: &str = "SELECT a.inhrelid::regclass, i.indisvalid FROM pg_inherits a \
     JOIN pg_index i ON i.indexrelid = a.inhrelid \
     WHERE a.inhparent = 'events_note'::regclass ORDER BY a.inhrelid::regclass::text";

fn complete(database: &TestDatabase, patience: Patience) -> Result<(), LedgerError> {
    let mut connection = connect(database);
    let mut migrator = Migrator {
        connection: &mut connection,
        patience,
        told: &mut |_| {},
    };
    migrator.become_the_only_one()?;
    migrator.complete_partitioned_indexes()
}

#[test]
fn an_index_of_a_table_with_partitions_is_made_beside_writers_in_each_of_them() {
    let database = TestDatabase::empty();
    database.query("CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id)");
    database.query("CREATE TABLE events_rest PARTITION OF events DEFAULT");
    database.query("CREATE TABLE events_one PARTITION OF events FOR VALUES FROM (0) TO (10)");
    database.query("INSERT INTO events SELECT n, 'x' FROM generate_series(1, 20) n");
    let up = "SET LOCAL lock_timeout = '1s'; CREATE INDEX events_note ON ONLY events (note, id)";
    apply(&database, &migration(up, true), HASTE).0.unwrap();
    // A try before this one left one half made, and one made that it had no time to join.
    database.query("CREATE INDEX events_one_events_note ON events_one (note, id)");
    database.query("CREATE INDEX events_rest_events_note ON events_rest (note, id)");
    database.query(
        "UPDATE pg_index SET indisvalid = false \
         WHERE indexrelid = 'events_one_events_note'::regclass",
    );
    let mut writer = connect(&database);
    writer
        .batch_execute("BEGIN; INSERT INTO events VALUES (3, 'y')")
        .unwrap();
    let little = Patience { tries: 1, ..HASTE };
    let why = complete(&database, little).unwrap_err();
    assert!(why.is_transient(), "{why}");
    writer.batch_execute("COMMIT").unwrap();
    complete(&database, HASTE).unwrap();
    assert_eq!(
        database.query(PARTS).trim(),
        "events_one_events_note|t\nevents_rest_events_note|t"
    );
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'events_note'::regclass";
    assert_eq!(database.query(valid).trim(), "t");
    complete(&database, HASTE).unwrap();
}

#[test]
fn what_a_migration_takes_away_is_replaced_before_it() {
    let database = TestDatabase::empty();
    database.query("CREATE TABLE events (id integer, note text) PARTITION BY RANGE (id)");
    database.query("CREATE TABLE events_rest PARTITION OF events DEFAULT");
    let begins = "CREATE INDEX events_note ON ONLY events (note, id)";
    apply(&database, &migration(begins, true), HASTE).0.unwrap();
    let next = "CREATE TABLE seen AS SELECT i.indisvalid FROM pg_index i \
         WHERE i.indexrelid = 'events_note'::regclass";
    database.query("DELETE FROM __diesel_schema_migrations");
    apply(&database, &migration(next, true), HASTE).0.unwrap();
    assert_eq!(database.query("SELECT indisvalid FROM seen").trim(), "t");
}

#[test]
fn a_second_migrator_waits_and_gives_up() {
    let database = with_orders();
    let mut first = connect(&database);
    let lock = format!("SELECT pg_advisory_lock({MIGRATOR_LOCK})");
    first.batch_execute(&lock).unwrap();
    let mut connection = connect(&database);
    let mut told = Vec::new();
    let mut second = Migrator {
        connection: &mut connection,
        patience: Patience { tries: 2, ..HASTE },
        told: &mut |line| told.push(line.to_owned()),
    };
    let why = second.become_the_only_one().unwrap_err();
    assert!(why.to_string().contains("another migrator"), "{why}");
    assert_eq!(told.len(), 2);
}
