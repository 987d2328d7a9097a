//! The monthly tables are shown, made and dropped; the doctor sees when they are not.

use devstack::TestDatabase;
use serde_json::Value;

use crate::rig::{Ctl, merchant, migrated};

/// So many months ago, as a table's name has it.
fn month(database: &TestDatabase, ago: u32) -> String {
    let asked =
        format!("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '{ago} months', 'YYYY_MM')");
    database.query(&asked).trim().to_owned()
}

fn make(database: &TestDatabase, family: &str, ago: u32) {
    database.query(&format!(
        "SELECT make_month('{family}', (date_trunc('month', now() AT TIME ZONE 'UTC') \
         - interval '{ago} months')::date)"
    ));
}

fn names(report: &Value, list: &str) -> Vec<String> {
    let list = report[list]
        .as_array()
        .unwrap_or_else(|| panic!("{report:#}"));
    let name = |one: &Value| one.as_str().or(one["name"].as_str()).unwrap().to_owned();
    list.iter().map(name).collect()
}

#[test]
fn the_tables_of_every_month_are_shown_with_their_size() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let report = ctl.run(&["partitions", "--json"]).ok().json();
    assert_eq!(names(&report, "data").len(), 5 * 5);
    assert!(report["data"][0]["bytes"].as_i64().unwrap() > 0);
    assert!(report.get("made").is_none());
    let table = ctl.run(&["partitions"]).ok().stdout;
    assert!(table.starts_with("PARTITION"), "{table}");
    assert!(
        table.contains(&format!("events_{}", month(&database, 0))),
        "{table}"
    );
    assert!(
        table.contains("KiB") && table.contains("any other"),
        "{table}"
    );
}

#[test]
fn applying_makes_what_is_missing_and_drops_what_is_over() {
    let database = migrated();
    let this = month(&database, 0);
    database.query(&format!("DROP TABLE history_{this}"));
    for ago in [13, 14] {
        make(&database, "inbox", ago);
    }
    database.query(
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, \
             verdict, month) \
         SELECT gen_random_uuid(), '/p', sha256('x'), 'x', '{}', '/p', 'no_change', \
             (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => ago))::date \
         FROM unnest(ARRAY[0, 13, 14]) ago",
    );
    let ctl = Ctl::on(&database);
    let done = ctl.run(&["partitions", "--apply", "--json"]).ok().json();
    assert_eq!(names(&done, "made"), [format!("history_{this}")]);
    let dropped = format!("notifications_{}", month(&database, 14));
    assert_eq!(names(&done, "dropped"), [dropped.as_str()]);
    assert!(!names(&done, "data").contains(&dropped));
    assert_eq!(
        database.query("SELECT count(*) FROM notifications").trim(),
        "2"
    );
    let shorter = Ctl::on(&database).with("INBOX_RETENTION_MONTHS", "2");
    let said = shorter.run(&["partitions", "--apply"]).ok().stdout;
    assert!(
        said.contains(&format!("dropped notifications_{}\n", month(&database, 13))),
        "{said}"
    );
    assert_eq!(
        database.query("SELECT count(*) FROM notifications").trim(),
        "1"
    );
    let again = shorter.run(&["partitions", "--apply"]).ok().stdout;
    assert!(again.starts_with("nothing to make or drop"), "{again}");
}

#[test]
fn a_month_with_deliveries_to_be_made_is_kept_and_named() {
    let database = migrated();
    make(&database, "outbox", 4);
    let ctl = Ctl::on(&database);
    let (id, _key) = merchant(&ctl);
    let add = [
        "webhooks",
        "add",
        "--merchant",
        &id,
        "--url",
        "https://1.1.1.1/hook",
    ];
    ctl.run(&add).ok();
    database.query(
        "WITH made AS (INSERT INTO events (id, merchant_id, type, body) \
             SELECT trim(BOTH '''' FROM split_part(partition_bound('events', \
                 (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '4 months')::date), ':', 1))::uuid, \
                 id, 'webhook.test', '{}' FROM merchants RETURNING id) \
         INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
         SELECT made.id, e.id, 'due', now() FROM made, webhook_endpoints e",
    );
    let said = ctl.run(&["partitions", "--apply"]).ok().stdout;
    let kept = format!(
        "kept events_{} beyond its time: deliveries of its month that are still to be made: 1\n",
        month(&database, 4)
    );
    assert!(said.contains(&kept), "{said}");
    database.query("UPDATE deliveries SET state = 'delivered'");
    let done = ctl.run(&["partitions", "--apply", "--json"]).ok().json();
    assert_eq!(names(&done, "dropped").len(), 3);
}

#[track_caller]
fn doctor(database: &TestDatabase, level: &str, text: &str) {
    let ran = Ctl::on(database).run(&["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks
        .iter()
        .filter(|check| check["name"] == "partitions")
        .any(|check| check["status"] == level && check["found"].as_str().unwrap().contains(text));
    assert!(found, "{level} {text}: {report:#}");
}

#[test]
fn the_doctor_sees_missing_months_and_rows_without_one() {
    let database = migrated();
    doctor(&database, "ok", "made ahead until");
    database.query(
        "INSERT INTO history (order_id, at, source, fact) \
                    SELECT gen_random_uuid(), now() - interval '1 year', 'x', 'y'",
    );
    doctor(&database, "warn", "1 in history_default");
    database.query(
        "DO $$ BEGIN EXECUTE format('DROP TABLE notifications_%s', \
             to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM')); END $$",
    );
    doctor(&database, "warn", "none for the next month: notifications");
    Ctl::on(&database).run(&["partitions", "--apply"]).ok();
    doctor(&database, "ok", "made ahead until");
}
