//! Peppers and encryption keys rotate, and the operator sees what still hangs on the old ones.

use devstack::TestDatabase;
use serde_json::Value;

use crate::provider;
use crate::rig::{Ctl, merchant, migrated};

fn on(database: &TestDatabase, peppers: &str, keys: &str) -> Ctl {
    provider::away(Ctl::on(database))
        .with("API_KEY_PEPPER", peppers)
        .with("ENCRYPTION_KEYS", keys)
        .with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
}

/// What `doctor` says under a name: its level and its words.
#[track_caller]
fn doctor(ctl: &Ctl, name: &str) -> (String, String) {
    let report = ctl.run(&["doctor", "--json"]).failed(1).json();
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("{name}: {report:#}"));
    let text = |member: &str| check[member].as_str().unwrap_or_default().to_owned();
    (text("status"), text("found"))
}

fn with_an_endpoint(database: &TestDatabase) {
    let ctl = on(database, "a", "old");
    let (id, _key) = merchant(&ctl);
    let url = "http://127.0.0.1:1/hook";
    ctl.run(&["webhooks", "add", "--merchant", &id, "--url", url])
        .ok();
}

#[track_caller]
fn standings(ran: &Value) -> Vec<(String, u64)> {
    let data = ran["data"].as_array().unwrap();
    let line = |line: &Value| {
        let standing = line["standing"].as_str().unwrap().to_owned();
        (standing, line["values"].as_u64().unwrap())
    };
    data.iter().map(line).collect()
}

#[test]
fn what_is_sealed_goes_over_to_the_newest_key_and_the_old_one_may_go() {
    let database = migrated();
    with_an_endpoint(&database);
    let rotated = on(&database, "a", "new,old");
    let (level, found) = doctor(&rotated, "sealed data");
    assert!(level == "warn" && found.contains("older"), "{found}");
    let counted = rotated.run(&["keys", "reseal", "--dry-run", "--json"]).ok();
    assert_eq!(standings(&counted.json()), [("older".to_owned(), 1)]);
    let done = rotated.run(&["keys", "reseal", "--json"]).ok().json();
    assert_eq!((&done["resealed"], &done["held"]), (&1.into(), &0.into()));
    assert_eq!(standings(&done), [("newest".to_owned(), 1)]);
    let again = rotated.run(&["keys", "reseal", "--json"]).ok().json();
    assert_eq!(again["resealed"], 0);
    let (level, found) = doctor(&rotated, "sealed data");
    assert!(
        level == "ok" && found.contains("no longer needed"),
        "{found}"
    );
    let (level, _) = doctor(&on(&database, "a", "new"), "sealed data");
    assert_eq!(level, "ok");
}

#[test]
fn a_key_that_is_still_needed_and_not_listed_is_a_failure() {
    let database = migrated();
    with_an_endpoint(&database);
    let too_early = on(&database, "a", "new");
    let (level, found) = doctor(&too_early, "sealed data");
    assert!(level == "fail" && found.contains("not listed"), "{found}");
    let ran = too_early.run(&["keys", "reseal", "--json"]).failed(1);
    assert_eq!(standings(&ran.json()), [("not listed".to_owned(), 1)]);
    let table = too_early.run(&["keys", "reseal"]).failed(1).stdout;
    assert!(table.contains("webhook_endpoints.secret_sealed"), "{table}");
}

#[test]
fn a_pepper_that_is_still_needed_is_named() {
    let database = migrated();
    let (id, _key) = merchant(&on(&database, "a", "k"));
    let level = |peppers: &str| doctor(&on(&database, peppers, "k"), "API keys").0;
    assert_eq!(level("a"), "ok");
    assert_eq!(level("b,a"), "warn");
    assert_eq!(level("b"), "fail");
    let old = on(&database, "b,a", "k").run(&["keys", "list", "--old-pepper", "--json"]);
    let old = old.ok().json()["data"].clone();
    assert_eq!(old[0]["merchant_id"], id.as_str());
    assert_eq!(
        (old.as_array().unwrap().len(), &old[0]["used_at"]),
        (1, &Value::Null)
    );
    // Made with both listed, a key works with either.
    let (second, _key) = merchant(&on(&database, "b,a", "k"));
    let keys = on(&database, "b", "k").run(&["keys", "list", "--merchant", &second, "--json"]);
    let peppers = keys.ok().json()["data"][0]["peppers"].clone();
    assert_eq!(peppers.as_array().unwrap().len(), 2);
    on(&database, "b", "k").run(&["keys", "list"]).failed(2);
}
