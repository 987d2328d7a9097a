//! Schema, merchants, keys and webhook endpoints.

use std::io::Read as _;
use std::process::Stdio;

use ayolinx_core::api_key::looks_like_api_key;
use devstack::TestDatabase;
use serde_json::json;

use crate::rig::{Ctl, merchant, migrated};

fn hint(key: &str) -> &str {
    key.get(..7).unwrap()
}

const NO_MERCHANT: &str = "mer_00000000000000000000000000000001";

#[test]
fn migrating_applies_all_once_and_then_says_up_to_date() {
    let database = TestDatabase::empty();
    let ctl = Ctl::on(&database);
    let first = ctl.run(&["migrate"]).ok();
    assert!(first.stdout.contains("applied "), "{first:?}");
    let second = ctl.run(&["migrate"]).ok();
    assert_eq!(second.stdout, "up to date\n");
    assert_eq!(
        ctl.run(&["--json", "migrate"]).json(),
        json!({"applied": []})
    );
    assert_eq!(second.stderr, "");
}

#[test]
fn a_database_without_the_schema_is_answered_with_what_to_do() {
    let database = TestDatabase::empty();
    let ran = Ctl::on(&database).run(&["merchants", "list"]).failed(1);
    assert!(ran.stderr.contains("gatewayctl migrate"), "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_new_merchant_gets_an_id_and_a_key_that_is_stored_as_a_digest_only() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let (id, key) = merchant(&ctl);
    assert!(id.starts_with("mer_") && looks_like_api_key(&key));
    let stored = database.query("SELECT hint || ' ' || length(digest) FROM api_keys");
    assert_eq!(stored.trim(), format!("{} 32", hint(&key)));
    let dump = database.query("SELECT api_keys::text FROM api_keys");
    assert!(!dump.contains(key.strip_prefix(hint(&key)).unwrap()));
    let listed = ctl.run(&["merchants", "list", "--json"]).ok().json();
    assert_eq!(listed["data"][0]["id"], id.as_str());
    assert_eq!(listed["data"][0]["name"], "Kopi");
    let table = ctl.run(&["merchants", "list"]).ok().stdout;
    assert!(table.contains(&id) && table.contains("Kopi"), "{table}");
    assert!(!table.contains(&key));
}

#[test]
fn a_merchant_is_told_how_e_wallets_know_it() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let (id, _key) = merchant(&ctl);
    let set = |arguments: &[&str]| {
        let mut all = vec!["merchants", "set", "--merchant", &id, "--json"];
        all.extend(arguments);
        ctl.run(&all)
    };
    let first = set(&["--sub-merchant-id", "216620000000123"]).ok().json();
    assert_eq!(first["sub_merchant_id"], "216620000000123");
    assert_eq!(first["external_store_id"], json!(null));
    let both = set(&["--external-store-id", "TOKO-7"]).ok().json();
    assert_eq!(both["sub_merchant_id"], "216620000000123");
    assert_eq!(both["external_store_id"], "TOKO-7");
    let listed = ctl.run(&["merchants", "list", "--json"]).ok().json();
    assert_eq!(listed["data"][0]["external_store_id"], "TOKO-7");
    let away = set(&["--sub-merchant-id", "", "--external-store-id", ""]).ok();
    assert_eq!(away.json()["sub_merchant_id"], json!(null));
    set(&[]).failed(2);
    for (argument, value) in [
        ("--sub-merchant-id", "1".repeat(33)),
        ("--external-store-id", "1".repeat(65)),
        ("--sub-merchant-id", "a b".to_owned()),
        ("--external-store-id", "é".to_owned()),
    ] {
        let ran = set(&[argument, &value]).failed(2);
        assert!(ran.stderr.contains(argument), "{ran:?}");
    }
    let stranger = [
        "merchants",
        "set",
        "--merchant",
        NO_MERCHANT,
        "--sub-merchant-id",
        "1",
    ];
    let ran = ctl.run(&stranger).failed(1);
    assert!(ran.stderr.contains("merchants list"), "{ran:?}");
}

#[test]
fn a_key_has_the_scopes_it_was_given_and_is_revoked_at_once() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let (id, first_key) = merchant(&ctl);
    let create = ["keys", "create", "--merchant", &id, "--json"];
    let made = ctl
        .run(&[&create[..], &["--scope", "read", "--scope", "orders"]].concat())
        .ok()
        .json();
    assert_eq!(made["scopes"], json!(["orders", "read"]));
    assert!(looks_like_api_key(made["api_key"].as_str().unwrap()));
    let key_id = made["key_id"].as_str().unwrap();

    ctl.run(&["keys", "revoke", "--merchant", &id, key_id]).ok();
    ctl.run(&["keys", "revoke", "--merchant", &id, hint(&first_key)])
        .ok();
    let listed = ctl
        .run(&["keys", "list", "--merchant", &id, "--json"])
        .ok()
        .json();
    let keys = listed["data"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key["revoked_at"].is_string()));
    assert!(!listed.to_string().contains(&first_key));

    let unknown = ctl.run(&["keys", "revoke", "--merchant", &id, "gk_none"]);
    assert!(unknown.failed(1).stderr.contains("no such key"));
    ctl.run(&[&create[..], &["--scope", "everything"]].concat())
        .failed(2);
}

#[test]
fn an_unknown_or_misspelt_merchant_is_named() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    for arguments in [
        &["keys", "list", "--merchant", NO_MERCHANT][..],
        &["keys", "create", "--merchant", NO_MERCHANT],
        &["keys", "revoke", "--merchant", NO_MERCHANT, "gk_none"],
        &[
            "webhooks",
            "add",
            "--merchant",
            NO_MERCHANT,
            "--url",
            "https://1.1.1.1/",
        ],
    ] {
        let ran = ctl.run(arguments).failed(1);
        assert!(ran.stderr.contains(NO_MERCHANT), "{ran:?}");
        assert!(ran.stderr.contains("merchants list"), "{ran:?}");
    }
    let ran = ctl.run(&["keys", "list", "--merchant", "mer_1"]).failed(2);
    assert!(ran.stderr.contains("mer_1"), "{ran:?}");
}

#[test]
fn webhook_addresses_pass_the_same_guard_as_in_the_api() {
    let database = migrated();
    let ctl = Ctl::on(&database);
    let (id, _key) = merchant(&ctl);
    for url in [
        "http://127.0.0.1:9999/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://1.1.1.1:9000/hook",
        "https://2130706433/hook",
        "https://user@1.1.1.1/hook",
        "ftp://1.1.1.1/hook",
        "hook",
    ] {
        let ran = ctl.run(&["webhooks", "add", "--merchant", &id, "--url", url]);
        let ran = ran.failed(1);
        assert!(
            ran.stderr.contains("WEBHOOK_ALLOWED_HOSTS"),
            "{url}: {ran:?}"
        );
    }
    let add = ["webhooks", "add", "--merchant", &id, "--json", "--url"];
    ctl.run(&[&add[..], &["https://1.1.1.1/hook"]].concat())
        .ok();
    let inner = Ctl::on(&database).with("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1:9999");
    let event = ["http://127.0.0.1:9999/hook", "--event", "order.paid"];
    let added = inner.run(&[&add[..], &event].concat()).ok().json();
    assert!(added["id"].as_str().unwrap().starts_with("whe_"));
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(added["event_types"], json!(["order.paid"]));
    let misspelt = ["https://1.1.1.1/", "--event", "order.payed"];
    let ran = ctl.run(&[&add[..], &misspelt].concat()).failed(2);
    assert!(ran.stderr.contains("order.paid,"), "{ran:?}");
    assert_eq!(
        database
            .query("SELECT count(*) FROM webhook_endpoints")
            .trim(),
        "2"
    );
}

#[test]
fn a_wrong_setting_is_named_and_its_value_is_not_shown() {
    let database = migrated();
    let ctl = Ctl::on(&database)
        .with("LEASE_MS", "hunter2")
        .with("WEBHOOK_ALLOWED_NETWORKS", "8.8.8.0/24");
    let ran = ctl.run(&["merchants", "list"]).failed(1);
    assert!(ran.stderr.contains("LEASE_MS"), "{ran:?}");
    assert!(ran.stderr.contains("WEBHOOK_ALLOWED_NETWORKS"), "{ran:?}");
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    let ran = Ctl::nowhere().run(&["migrate"]).failed(1);
    assert!(ran.stderr.contains("DATABASE_URL"), "{ran:?}");
}

#[test]
fn development_values_are_refused_for_a_database_elsewhere() {
    let ctl = Ctl::nowhere().with("DATABASE_URL", "postgres://u:hunter2@db.example.invalid/g");
    let ran = ctl.run(&["merchants", "create", "--name", "x"]).failed(1);
    assert!(ran.stderr.contains("API_KEY_PEPPER"), "{ran:?}");
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[test]
fn a_database_that_is_away_is_said_without_its_password() {
    let ctl = Ctl::nowhere().with("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/g");
    for arguments in [&["migrate"][..], &["merchants", "list"]] {
        let ran = ctl.run(arguments).failed(1);
        assert!(ran.stderr.contains("DATABASE_URL"), "{ran:?}");
        assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
    }
}

#[test]
fn what_is_not_understood_exits_with_2_and_help_with_0() {
    let ctl = Ctl::nowhere();
    ctl.run(&["frobnicate"]).failed(2);
    ctl.run(&["merchants", "create"]).failed(2);
    ctl.run(&["merchants", "create", "--name", " "]).failed(2);
    assert!(ctl.run(&["--help"]).ok().stdout.contains("merchants"));
    for shell in ["bash", "zsh", "fish"] {
        let script = ctl.run(&["completions", shell]).ok().stdout;
        assert!(script.contains("gatewayctl"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Ctl::nowhere()
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert_eq!(said, "");
}
