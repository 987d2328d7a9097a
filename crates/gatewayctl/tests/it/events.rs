//! Events are sent again.

use serde_json::json;

use crate::rig::{Ctl, merchant, migrated};

const EVENT: &str = "evt_01934c5e7a107bbb8ccc0123456789ab";

#[test]
fn an_event_or_a_range_is_made_due_again() {
    let database = migrated();
    let ctl = Ctl::on(&database).with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8");
    let (id, _key) = merchant(&ctl);
    let url = "http://127.0.0.1:9/hook";
    ctl.run(&["webhooks", "add", "--merchant", &id, "--url", url])
        .ok();
    database.query(
        "INSERT INTO events (id, merchant_id, type, body, created_at) \
         SELECT '01934c5e-7a10-7bbb-8ccc-0123456789ab', id, 'order.paid', '{}', '2026-11-20' \
         FROM merchants",
    );
    let ran = ctl.run(&["events", "redeliver", EVENT, "--json"]).ok();
    assert_eq!(ran.json(), json!({"event_id": EVENT, "deliveries": 1}));
    let due = database.query("SELECT count(*) FROM deliveries WHERE state = 'due'");
    assert_eq!(due.trim(), "1");
    let range = |from: &'static str, to: &'static str| {
        let id = id.clone();
        [
            "events".to_owned(),
            "redeliver".to_owned(),
            "--merchant".to_owned(),
            id,
            "--from".to_owned(),
            from.to_owned(),
            "--to".to_owned(),
            to.to_owned(),
        ]
    };
    let run = |arguments: &[String]| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        ctl.run(&arguments)
    };
    let november = range("2026-11-01T00:00:00+07:00", "2026-11-30T00:00:00+07:00");
    let ran = run(&november).ok();
    assert!(ran.stdout.starts_with("1 events"), "{ran:?}");
    let again = run(&november).failed(1);
    assert!(again.stderr.contains("already"), "{again:?}");
    run(&range("2026-11-01T00:00:00Z", "2026-12-31T00:00:00Z")).failed(2);
    run(&range("2026-11-01", "2026-11-02")).failed(2);
}

#[test]
fn what_is_not_there_or_not_said_is_named() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let ran = ctl.run(&["events", "redeliver", EVENT]).failed(1);
    assert!(ran.stderr.contains(EVENT), "{ran:?}");
    let ran = ctl.run(&["events", "redeliver"]).failed(2);
    assert!(ran.stderr.contains("--merchant"), "{ran:?}");
    ctl.run(&["events", "redeliver", "x"]).failed(2);
    ctl.run(&["events", "redeliver", EVENT, "--merchant", "mer_1"])
        .failed(2);
}
