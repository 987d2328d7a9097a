//! What the sender puts on the wire is verified by the official Standard Webhooks libraries for
//! Rust, Python and JavaScript, with each of two secrets, as while one rotates.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::Utc;
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use standardwebhooks::Webhook;
use webhooks::{Delivery, DeliveryOutcome, WebhookSecret};

use crate::shop::{EVENT_ID, Shop, header, loopback_guard, says, secrets, sender};

const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const BODY: &str = r#"{"id":"evt_0193a0000000700080000000000000aa","type":"order.paid","timestamp":"2026-11-21T14:00:00.000+07:00","data":{"order":{"description":"Kopi susu \u2615 ☕"}}}"#;

/// A request as a shop received it: values of the three headers, and the body.
async fn received() -> ([String; 3], String) {
    let shop = Shop::start(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    let secrets = secrets();
    let delivery = Delivery {
        url: &shop.url(),
        event_id: EVENT_ID,
        body: BODY.as_bytes(),
        secrets: &secrets,
        traceparent: None,
    };
    let sender = sender(loopback_guard());
    let outcome = sender.send(&delivery, Utc::now()).await;
    assert_eq!(outcome, DeliveryOutcome::Delivered { status: 200 });
    let request = shop.next_request().unwrap();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let values = NAMES.map(|name| header(&request, name).unwrap());
    (values, body.to_owned())
}

fn wrong_secret() -> WebhookSecret {
    WebhookSecret::generate([9; 32])
}

#[actix_rt::test]
async fn the_rust_library_verifies_with_either_secret_and_with_no_other() {
    let (values, body) = received().await;
    let mut headers = HeaderMap::new();
    for (name, value) in NAMES.into_iter().zip(&values) {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let verifies = |secret: &WebhookSecret, body: &str| {
        let webhook = Webhook::new(&secret.reveal()).unwrap();
        webhook.verify(body.as_bytes(), &headers).is_ok()
    };
    for secret in secrets() {
        assert!(verifies(&secret, &body));
        assert!(!verifies(&secret, &format!("{body} ")));
    }
    assert!(!verifies(&wrong_secret(), &body));
}

/// A folder of this test that stays between runs, with the files of `tests/interop`.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop");
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    folder
}

/// Whether a program is here; a machine without it cannot run its test.
fn is_here(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let here = tried.is_ok_and(|status| status.success());
    if !here {
        println!("{program} {arguments:?} is not here: nothing is verified with it");
    }
    here
}

#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (said, failed) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{command:?}: {said}{failed}");
    said
}

async fn write_received(folder: &Path) -> PathBuf {
    let ([id, timestamp, signature], body) = received().await;
    let revealed: Vec<String> = secrets()
        .iter()
        .map(|secret| secret.reveal().to_string())
        .collect();
    let sent = json!({
        "headers": {
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature,
        },
        "body": body,
        "secrets": revealed,
        "wrong_secret": wrong_secret().reveal().to_string(),
    });
    let path = folder.join("received.json");
    fs::write(&path, sent.to_string()).unwrap();
    path
}

#[actix_rt::test]
async fn the_python_library_verifies_with_either_secret_and_with_no_other() {
    if !is_here("python3", &["-m", "pip", "--version"]) {
        return;
    }
    let folder = folder("standard-webhooks-python");
    let packages = folder.join("packages");
    if !packages.join("standardwebhooks/__init__.py").exists() {
        run(Command::new("python3")
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--require-hashes",
            ])
            .args(["--root-user-action", "ignore", "--only-binary", ":all:"])
            .args(["--requirement", "requirements.txt", "--target", "packages"])
            .current_dir(&folder));
    }
    let received = write_received(&folder).await;
    let said = run(Command::new("python3")
        .arg(folder.join("verify.py"))
        .arg(received)
        .env("PYTHONPATH", packages));
    assert_eq!(said.trim(), "verified");
}

#[actix_rt::test]
async fn the_javascript_library_verifies_with_either_secret_and_with_no_other() {
    if !is_here("node", &["--version"]) || !is_here("npm", &["--version"]) {
        return;
    }
    let folder = folder("standard-webhooks-javascript");
    if !folder
        .join("node_modules/standardwebhooks/package.json")
        .exists()
    {
        run(Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder));
    }
    let received = write_received(&folder).await;
    let said = run(Command::new("node")
        .arg("verify.mjs")
        .arg(received)
        .current_dir(&folder));
    assert_eq!(said.trim(), "verified");
}
