//! `doctor` names everything that is not well, and what is.

use devstack::{TestDatabase, TestRedis};
use serde_json::Value;

use crate::provider::{self, reply, saying};
use crate::rig::{Ctl, TestKey, migrated};

#[track_caller]
fn status(report: &Value, name: &str) -> (String, String) {
    let check = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("{name}: {report:#}"));
    let text = |member: &str| check[member].as_str().unwrap_or_default().to_owned();
    (
        text("status"),
        format!("{} {}", text("found"), text("advice")),
    )
}

const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn with_nothing_reachable_everything_is_named() {
    let ctl = provider::away(Ctl::nowhere())
        .with("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/g")
        .with("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0");
    let ran = ctl.run(&["doctor", "--json"]).failed(1);
    let report = ran.json();
    assert_eq!(report["ok"], false);
    for name in ["database", "redis", "provider", "token", "public keys"] {
        assert_eq!(status(&report, name).0, "fail", "{name}: {report:#}");
    }
    assert_eq!(status(&report, "private key").0, "ok");
    assert_eq!(status(&report, "clock").0, "warn");
    assert!(status(&report, "provider").1.contains("connection refused"));
    assert!(status(&report, "settings").1.contains("API_KEY_PEPPER"));
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    let table = ctl.run(&["doctor"]).failed(1).stdout;
    assert!(table.contains("fail  database"), "{table}");
    assert!(table.contains("CHECKOUT_PUBLIC_URL"), "{table}");
}

#[test]
fn without_any_setting_it_says_which_to_set() {
    let table = Ctl::nowhere().run(&["doctor"]).failed(1).stdout;
    for name in [
        "DATABASE_URL",
        "AYOLINX_BASE_URL",
        "AYOLINX_CLIENT_ID",
        "AYOLINX_CLIENT_SECRET",
        "AYOLINX_PRIVATE_KEY_FILE",
        "AYOLINX_PUBLIC_KEY_FILES",
        "CALLBACK_PUBLIC_URL",
    ] {
        assert!(table.contains(name), "{name}: {table}");
    }
}

#[test]
fn malformed_settings_are_named_and_the_rest_is_still_looked_at() {
    let database = migrated();
    let ctl = Ctl::on(&database)
        .with("SWEEP_INTERVAL_MS", "often")
        .with("PROVIDER_TIMEOUT_MS", "60000")
        .with("AYOLINX_PRIVATE_KEY_FILE", "/no/such/file")
        .with("AYOLINX_BASE_URL", "https://openapi.ayolinx.id")
        .with("CHECKOUT_PUBLIC_URL", "http://pay.example.co.id");
    let ran = ctl.run(&["doctor", "--json"]).failed(1);
    let report = ran.json();
    for name in [
        "SWEEP_INTERVAL_MS",
        "LEASE_MS",
        "AYOLINX_PRIVATE_KEY_FILE",
        "CHECKOUT_PUBLIC_URL",
    ] {
        assert!(ran.stdout.contains(name), "{name}: {}", ran.stdout);
    }
    assert_eq!(status(&report, "database").0, "ok");
    assert_eq!(status(&report, "private key").0, "fail");
    assert!(status(&report, "public URLs").1.contains("production"));
    assert!(!ran.stdout.contains("often"));
}

#[test]
fn a_schema_that_is_behind_is_sent_to_migrate() {
    let database = TestDatabase::empty();
    let report = Ctl::on(&database)
        .run(&["doctor", "--json"])
        .failed(1)
        .json();
    let (level, text) = status(&report, "database");
    assert!(
        level == "fail" && text.contains("gatewayctl migrate"),
        "{text}"
    );
}

#[test]
fn all_is_well_when_it_is_and_a_slow_clock_is_a_warning() {
    let database = migrated();
    let redis = TestRedis::start();
    let token =
        r#"{"responseCode":"2007300","accessToken":"t-1","tokenType":"Bearer","expiresIn":"900"}"#;
    let url = saying(move |_path| reply("200 OK", LONG_AGO, token));
    let public = TestKey::shared().public.to_str().unwrap();
    let ctl = provider::at(Ctl::on(&database), &url)
        .with("AYOLINX_PUBLIC_KEY_FILES", public)
        .with("REDIS_URL", redis.url())
        .with("API_KEY_PEPPER", "a pepper")
        .with("ENCRYPTION_KEYS", "a key")
        .with("CALLBACK_PUBLIC_URL", "https://notify.example.co.id")
        .with("CHECKOUT_PUBLIC_URL", "https://pay.example.co.id");
    let ran = ctl.run(&["doctor", "--json"]).ok();
    let report = ran.json();
    for name in [
        "settings",
        "database",
        "redis",
        "provider",
        "token",
        "private key",
        "public keys",
    ] {
        assert_eq!(status(&report, name).0, "ok", "{name}: {report:#}");
    }
    let (level, text) = status(&report, "clock");
    assert!(level == "warn" && text.contains("ahead of"), "{text}");
    assert!(!ran.stdout.contains("t-1") && !ran.stdout.contains("SK-1"));
}

#[track_caller]
fn token_refused(status_line: &'static str, body: &'static str, said: &str) {
    let url = saying(move |_path| reply(status_line, LONG_AGO, body));
    let report = provider::at(Ctl::nowhere(), &url)
        .run(&["doctor", "--json"])
        .failed(1)
        .json();
    assert_eq!(status(&report, "provider").0, "ok", "{report:#}");
    let (level, text) = status(&report, "token");
    assert!(level == "fail" && text.contains(said), "{text}");
}

#[test]
fn a_refused_token_names_the_likely_causes() {
    let refused = r#"{"responseCode":"4017300","responseMessage":"Unauthorized. Signature"}"#;
    token_refused("401 Unauthorized", refused, "4017300");
    token_refused("403 Forbidden", "<html>", "IP whitelist");
}

const TOKEN: &str =
    r#"{"responseCode":"2007300","accessToken":"t-1","tokenType":"Bearer","expiresIn":"900"}"#;

/// What doctor says of the client secret where the provider answers a signed inquiry so.
fn secret_at(status_line: &'static str, body: &'static str) -> (String, String) {
    let url = saying(move |path| {
        if path.ends_with("/access-token/b2b") {
            reply("200 OK", LONG_AGO, TOKEN)
        } else {
            reply(status_line, LONG_AGO, body)
        }
    });
    let ran = provider::at(Ctl::nowhere(), &url).run(&["doctor", "--json"]);
    let report = ran.json();
    assert_eq!(status(&report, "token").0, "ok", "{report:#}");
    assert!(!ran.stdout.contains("SK-1"), "{}", ran.stdout);
    status(&report, "client secret")
}

/// A token is signed with another key: only a call that is signed with the secret tells.
#[test]
fn a_wrong_client_secret_is_told_from_a_right_one() {
    for code in ["4015100", "4015101", "581000001"] {
        let body = format!(r#"{{"responseCode":"{code}","responseMessage":"Unauthorized"}}"#);
        let (level, text) = secret_at("401 Unauthorized", body.leak());
        assert_eq!(level, "fail", "{text}");
        assert!(
            text.contains(code) && text.contains("AYOLINX_CLIENT_SECRET"),
            "{text}"
        );
    }
    for (line, body) in [
        (
            "404 Not Found",
            r#"{"responseCode":"4045101","responseMessage":"Transaction Not Found"}"#,
        ),
        (
            "200 OK",
            r#"{"responseCode":"2005100","latestTransactionStatus":"07"}"#,
        ),
    ] {
        let (level, text) = secret_at(line, body);
        assert_eq!(level, "ok", "{body}: {text}");
    }
    for (line, body) in [
        (
            "400 Bad Request",
            r#"{"responseCode":"4005102","responseMessage":"Invalid Mandatory Field"}"#,
        ),
        ("502 Bad Gateway", "<html>"),
        (
            "429 Too Many",
            r#"{"responseCode":"4295100","responseMessage":"Slow"}"#,
        ),
    ] {
        let (level, text) = secret_at(line, body);
        assert_eq!(level, "warn", "{body}: {text}");
    }
    let (_, text) = secret_at(
        "400 Bad Request",
        r#"{"responseCode":"4005102","responseMessage":"Invalid Field"}"#,
    );
    assert!(
        text.contains("Invalid Field"),
        "what the provider says is shown: {text}"
    );
}

#[test]
fn public_urls_are_asked_and_not_only_read() {
    let away = provider::away(Ctl::nowhere())
        .with("CALLBACK_PUBLIC_URL", "https://no-such-host.invalid")
        .with("CHECKOUT_PUBLIC_URL", "https://no-such-host.invalid");
    let report = away.run(&["doctor", "--json"]).failed(1).json();
    let asked = report["checks"].as_array().unwrap().iter();
    let asked: Vec<_> = asked.filter(|one| one["name"] == "public URLs").collect();
    assert_eq!(asked.len(), 2, "{report:#}");
    for one in asked {
        assert_eq!(one["status"], "warn", "{one:#}");
        assert!(
            one["found"].as_str().unwrap().contains("is not known"),
            "{one:#}"
        );
    }
}

#[test]
fn a_bank_without_its_prefix_is_named() {
    let database = migrated();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("channels.toml");
    let with = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let ctl = provider::away(Ctl::on(&database))
            .with("AYOLINX_CHANNELS_FILE", file.to_str().unwrap());
        ctl.run(&["doctor", "--json"]).failed(1).json()
    };
    let report = with("[VIRTUAL_ACCOUNT_BCA]\nenabled = true\n");
    let all = report["checks"].as_array().unwrap();
    let warned = all
        .iter()
        .find(|one| one["name"] == "channels" && one["status"] == "warn");
    let warned = warned.unwrap_or_else(|| panic!("{report:#}"));
    let found = warned["found"].as_str().unwrap();
    assert!(found.contains("VIRTUAL_ACCOUNT_BCA"), "{found}");
    assert!(
        warned["advice"]
            .as_str()
            .unwrap()
            .contains("partner_service_id")
    );
    assert_eq!(warned["see"], "docs/PROVIDER.md");
}

#[test]
fn every_line_that_fails_names_a_page_that_is_there() {
    let report = provider::away(Ctl::nowhere())
        .run(&["doctor", "--json"])
        .failed(1)
        .json();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for check in report["checks"].as_array().unwrap() {
        let Some(page) = check["see"].as_str() else {
            assert_eq!(check["status"], "ok", "{check:#}");
            continue;
        };
        assert!(root.join(page).is_file(), "{check:#}");
    }
    let table = provider::away(Ctl::nowhere())
        .run(&["doctor"])
        .failed(1)
        .stdout;
    assert!(table.contains("(docs/GOING_LIVE.md)"), "{table}");
}
