//! `sign` gives the vectors' strings and signatures; `verify` says what was signed instead.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ledger::RefusedNotification;
use serde_json::Value;
use sha2::Sha512;

use crate::bench::{Bench, run, text};
use crate::rig::{Ctl, Ran, in_books, migrated};

#[track_caller]
fn equals(ran: Ran, vector: &Value) {
    let made = ran.ok().json();
    assert_eq!(made["string_to_sign"], vector["string_to_sign"]);
    assert_eq!(made["signature"], vector["expected_signature"]);
    if let Some(hash) = vector["body_sha256_hex"].as_str() {
        assert_eq!(made["body_sha256"]["given"], hash);
    }
}

#[test]
fn token_requests_are_signed_as_in_the_vectors() {
    let bench = Bench::new();
    for vector in bench.of("access_token_request") {
        let key = bench.key("merchant_private_pkcs8_pem");
        let id = text(vector, "client_id");
        let timestamp = text(vector, "timestamp");
        let arguments = [
            "sign",
            "--kind=token",
            "--private-key",
            &key,
            "--client-id",
            id,
        ];
        let ran =
            Ctl::nowhere().run(&[&arguments[..], &["--timestamp", timestamp, "--json"]].concat());
        assert!(ran.stderr.contains("published"), "{ran:?}");
        equals(ran, vector);
    }
}

#[test]
fn calls_and_callbacks_are_signed_as_in_the_vectors() {
    let bench = Bench::new();
    for (group, kind) in [("api_call", "B"), ("callback_snap", "E")] {
        for vector in bench.of(group) {
            let mut arguments = bench.snap(vector, text(vector, "body"));
            arguments[1] = kind.to_owned();
            equals(run("sign", &arguments, &["--json"]), vector);
        }
    }
    let key = bench.key("ayolinx_private_pkcs8_pem");
    for vector in bench.of("callback_non_snap") {
        let body = bench.file("body", text(vector, "body"));
        let arguments = [
            "sign",
            "--kind",
            "C",
            "--private-key",
            &key,
            "--body",
            &body,
        ];
        let (path, timestamp) = (text(vector, "path"), text(vector, "timestamp"));
        if path.contains('?') {
            continue;
        }
        let more = ["--path", path, "--timestamp", timestamp, "--json"];
        equals(
            Ctl::nowhere().run(&[&arguments[..], &more].concat()),
            vector,
        );
    }
}

#[test]
fn what_the_provider_signed_is_valid() {
    let bench = Bench::new();
    for vector in bench.of("callback_non_snap") {
        let ran = bench.verify_callback(vector, text(vector, "expected_signature"));
        assert!(
            ran.ok().stdout.contains("valid"),
            "{}",
            text(vector, "name")
        );
    }
    for vector in bench.of("callback_snap") {
        let arguments = bench.snap(vector, text(vector, "body"));
        let signature = ["--signature", text(vector, "expected_signature"), "--json"];
        let ran = run("verify", &arguments, &signature).ok();
        assert_eq!(ran.json()["valid"], true);
    }
    let vector = &bench.of("snap_callback_token_request")[0];
    let public = bench.key("ayolinx_public_spki_pem");
    let ran = Ctl::nowhere().run(&[
        "verify",
        "--kind=snap-token",
        "--client-id",
        text(vector, "client_key"),
        "--timestamp",
        text(vector, "timestamp"),
        "--public-key",
        &public,
        "--signature",
        text(vector, "expected_signature"),
    ]);
    assert!(ran.ok().stdout.contains("valid: signed with the key"));
}

#[test]
fn what_the_provider_did_not_sign_is_invalid() {
    let bench = Bench::new();
    for vector in bench.of("callback_non_snap_negative") {
        let ran = bench.verify_callback(vector, text(vector, "given_signature"));
        let ran = ran.failed(1);
        assert!(
            ran.stdout.contains("INVALID"),
            "{}: {ran:?}",
            text(vector, "name")
        );
    }
}

#[track_caller]
fn explained(ran: Ran, said: &str) {
    let ran = ran.failed(1);
    assert!(ran.stdout.contains("INVALID, and this is why"), "{ran:?}");
    assert!(ran.stdout.contains(said), "{said}: {ran:?}");
    assert!(
        ran.stdout.contains("SKSandbox") == said.contains("SKSandbox"),
        "{ran:?}"
    );
}

#[test]
fn each_known_confusion_is_named() {
    let bench = Bench::new();
    let vector = bench.named("callback_snap", "va_payment");
    let body = text(vector, "body");
    let right = bench.snap(vector, body);
    let signed_with = |change: &dyn Fn(&mut Vec<String>)| -> String {
        let mut arguments = bench.snap(vector, body);
        change(&mut arguments);
        let made = run("sign", &arguments, &["--json"]).ok().json();
        text(&made, "signature").to_owned()
    };
    let verify = |signature: &str| run("verify", &right, &["--signature", signature]);
    let set = |index: usize, value: &'static str| {
        move |all: &mut Vec<String>| all[index] = value.to_owned()
    };

    let alternative = text(vector, "alt_signature_hmac_sha256");
    explained(verify(alternative), "HMAC-SHA512 belongs there");
    let other_path = signed_with(&set(5, "/v1.0/debit/notify"));
    explained(
        verify(&other_path),
        "the path /v1.0/debit/notify was signed",
    );
    let utc = signed_with(&set(9, "2025-06-01T03:15:30Z"));
    explained(verify(&utc), "2025-06-01T03:15:30Z");
    let two = signed_with(&|all| {
        all[5] = "/v1.0/debit/notify".to_owned();
        all[9] = "1748747730".to_owned();
    });
    let ran = verify(&two);
    assert!(ran.stdout.contains("1748747730"), "{ran:?}");
    explained(ran, "the path /v1.0/debit/notify was signed");

    let (path, token) = (text(vector, "path"), text(vector, "access_token"));
    let (hash, timestamp) = (text(vector, "body_sha256_hex"), text(vector, "timestamp"));
    let swapped = format!("POST:{path}:{hash}:{token}:{timestamp}");
    let ran = run("verify", &right, &["--expected-string", &swapped]).failed(1);
    let pointer = ran.stdout.lines().find(|line| line.contains('^')).unwrap();
    let position = format!("POST:{path}:").len() + 1;
    assert!(
        pointer.ends_with(&format!("^ character {position}")),
        "{ran:?}"
    );
    let same = ["--expected-string", text(vector, "string_to_sign")];
    run("verify", &right, &same).ok();

    let secret = text(vector, "client_secret").as_bytes();
    let mac = |message: &str| {
        let mac = Hmac::<Sha512>::new_from_slice(secret).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    let signature = STANDARD.encode(mac(&swapped));
    explained(verify(&signature), "token and body hash were swapped");
    let bearer = format!("POST:{path}:Bearer {token}:{hash}:{timestamp}");
    let signature = STANDARD.encode(mac(&bearer));
    explained(verify(&signature), "`Bearer ` was signed");
    let digest = mac(text(vector, "string_to_sign"));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    explained(verify(&hex), "written in hex");
}

#[test]
fn a_respelt_body_is_named_and_what_the_worker_forgives_is_valid() {
    let bench = Bench::new();
    let vector = bench.named("callback_snap", "va_payment");
    let arguments = bench.snap(vector, "{ \"a\": \"\u{e9}/\" }\n");
    let signed = |body: &str| {
        let arguments = bench.snap(vector, body);
        let made = run("sign", &arguments, &["--json"]).ok().json();
        let signature = text(&made, "signature").to_owned();
        bench.snap(vector, "{ \"a\": \"\u{e9}/\" }\n");
        signature
    };
    let php = signed(r#"{"a":"\u00e9\/"}"#);
    explained(
        run("verify", &arguments, &["--signature", &php]),
        "json_encode",
    );
    let bare = signed("{ \"a\": \"\u{e9}/\" }");
    explained(
        run("verify", &arguments, &["--signature", &bare]),
        "newline at its end",
    );
    let minified = signed("{\"a\":\"\u{e9}/\"}");
    let ran = run("verify", &arguments, &["--signature", &minified]).ok();
    assert!(ran.stdout.contains("the worker takes too"), "{ran:?}");
    assert!(ran.stdout.contains("minified"), "{ran:?}");
}

#[test]
fn the_secret_signed_as_the_id_is_named_and_not_shown() {
    let bench = Bench::new();
    let secret = text(&bench.vectors["common"], "client_secret");
    let private = bench.key("merchant_private_pkcs8_pem");
    let public = bench.key("merchant_public_spki_pem");
    let timestamp = "2025-06-01T10:15:30+07:00";
    let common = ["--kind=token", "--timestamp", timestamp, "--client-id"];
    let sign = [
        &["sign"],
        &common[..],
        &[secret, "--private-key", &private, "--json"],
    ]
    .concat();
    let made = Ctl::nowhere().run(&sign).ok().json();
    let secret_file = bench.secret();
    let keys = [
        "CK-1",
        "--public-key",
        &public,
        "--secret-file",
        &secret_file,
    ];
    let signature = ["--signature", text(&made, "signature")];
    let verify = [&["verify"], &common[..], &keys, &signature].concat();
    let ran = Ctl::nowhere().run(&verify);
    explained(ran, "the client secret was signed");
}

#[test]
fn the_previous_secret_and_hex_are_told() {
    let bench = Bench::new();
    let vector = bench.named("callback_snap", "va_payment");
    let mut arguments = bench.snap(vector, text(vector, "body"));
    arguments.drain(2..4);
    let secret = text(&bench.vectors["common"], "client_secret");
    let ctl = Ctl::nowhere()
        .with("AYOLINX_CLIENT_SECRET", "SK-new")
        .with("AYOLINX_CLIENT_SECRET_PREVIOUS", secret);
    let mut all = vec!["verify"];
    all.extend(arguments.iter().map(String::as_str));
    all.extend(["--signature", text(vector, "expected_signature")]);
    let ran = ctl.run(&all).ok();
    assert!(
        ran.stdout.contains("the previous client secret signed it"),
        "{ran:?}"
    );

    let arguments = bench.snap(vector, text(vector, "body"));
    let hex = "9cea28a2ae2b6";
    let ran = run("verify", &arguments, &["--signature", hex]).failed(1);
    assert!(ran.stdout.contains("no known confusion"), "{ran:?}");
}

#[test]
fn refused_callbacks_are_replayed() {
    let bench = Bench::new();
    let database = migrated();
    let vector = bench.named("callback_non_snap", "qris_notify_own_path");
    let keep = |path: &str, body: &str| {
        let headers = serde_json::json!({
            "x-signature": text(vector, "expected_signature"),
            "x-timestamp": text(vector, "timestamp"),
        });
        let refused = RefusedNotification {
            path: path.to_owned(),
            query: None,
            headers: headers.to_string(),
            body: body.as_bytes().to_vec(),
            reason: "bad_signature".to_owned(),
            // The worker found out while it had the token.
            explanation: (body == "[]").then(|| "said by the worker".to_owned()),
        };
        in_books(&database, move |tx| tx.keep_refused(&refused));
    };
    let body = text(vector, "body");
    keep(text(vector, "path"), body);
    keep(&format!("{}/", text(vector, "path")), body);
    keep(text(vector, "path"), "{}");
    keep(text(vector, "path"), "[]");
    let public: PathBuf = bench.key("ayolinx_public_spki_pem").into();
    let ctl = Ctl::on(&database).with("AYOLINX_PUBLIC_KEY_FILES", public.to_str().unwrap());
    let replayed = ctl.run(&["verify", "--rejected", "--json"]).ok().json();
    let explanations: Vec<&str> = replayed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "explanation"))
        .collect();
    assert_eq!(explanations[0], "said by the worker");
    assert!(
        explanations[1].starts_with("unexplained"),
        "{explanations:?}"
    );
    assert!(explanations[2].starts_with("valid now"), "{explanations:?}");
    assert!(explanations[3].starts_with("valid now"), "{explanations:?}");
    let table = ctl.run(&["verify", "--rejected"]).ok().stdout;
    assert!(table.contains("was tried by the worker"), "{table}");
}

#[test]
fn what_is_missing_is_asked_for() {
    let ctl = Ctl::nowhere();
    for (arguments, said) in [
        (&["sign", "--kind", "api"][..], "--path"),
        (&["sign", "--kind", "token"], "AYOLINX_CLIENT_ID"),
        (&["verify", "--kind", "callback"], "--signature"),
        (
            &["verify", "--kind", "A", "--signature", "x"],
            "--timestamp",
        ),
        (&["verify"], "--kind"),
    ] {
        let ran = ctl.run(arguments).failed(2);
        assert!(ran.stderr.contains(said), "{arguments:?}: {ran:?}");
    }
    let token = ["sign", "--kind", "token", "--client-id", "x"];
    let ran = ctl.run(&token).failed(1);
    assert!(ran.stderr.contains("AYOLINX_PRIVATE_KEY_FILE"), "{ran:?}");
}
