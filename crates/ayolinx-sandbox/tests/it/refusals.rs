//! What the provider refuses, with the code and the field named.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use crate::rig::*;

#[test]
fn a_call_without_the_right_headers_is_refused() {
    let rig = Rig::new();
    let nines = "9".repeat(37);
    let other = spelt(TimeDelta::seconds(-9));
    let two_blanks = format!("Bearer  {}", rig.token);
    for (name, value, code) in [
        ("X-TIMESTAMP", None, "4004702"),
        ("X-PARTNER-ID", None, "4004702"),
        ("X-SIGNATURE", None, "4004702"),
        ("X-EXTERNAL-ID", None, "4004702"),
        ("Content-Type", Some("text/plain"), "4004701"),
        ("X-TIMESTAMP", Some("2025-06-01T10:15:30Z"), "4004701"),
        ("X-EXTERNAL-ID", Some("abc"), "4004701"),
        ("X-EXTERNAL-ID", Some(&nines), "4004701"),
        ("X-TIMESTAMP", Some(&other), "4014700"),
        ("X-PARTNER-ID", Some("CK-other"), "4014700"),
        ("X-SIGNATURE", Some("AAAA"), "4014700"),
        ("Authorization", None, "4014703"),
        ("Authorization", Some(&two_blanks), "4014703"),
        ("Authorization", Some("Bearer nobodys"), "4014701"),
    ] {
        let body = qris(15_000, None).to_string();
        let headers = changed(rig.headers(QRIS_GENERATE, body.as_bytes()), name, value);
        let seen = rig.send_raw(QRIS_GENERATE, &headers, body.as_bytes());
        assert_eq!(seen.code(), code, "{name} {value:?}");
        if code.starts_with("400") {
            let message = seen.json(400)["responseMessage"].to_string();
            assert!(message.contains(name), "{message}");
        } else {
            seen.json(401);
        }
    }
}

#[test]
fn a_rightly_signed_call_is_refused_when_its_clock_is_off() {
    let rig = Rig::new();
    for (minutes, code) in [
        (-6, "4015100"),
        (6, "4015100"),
        (-4, "4045101"),
        (4, "4045101"),
    ] {
        let body = inquiry("X", "BNC_QRIS").to_string();
        let timestamp = spelt(TimeDelta::minutes(minutes));
        let headers = rig.headers_at(QRIS_QUERY, body.as_bytes(), timestamp);
        let seen = rig.send_raw(QRIS_QUERY, &headers, body.as_bytes());
        assert_eq!(seen.code(), code, "{minutes} min");
    }
}

#[test]
fn a_tampered_body_or_another_path_breaks_the_signature() {
    let rig = Rig::new();
    let body = qris(15_000, None).to_string();
    let headers = rig.headers(QRIS_GENERATE, body.as_bytes());
    let tampered = body.replace("15000.00", "15001.00");
    assert_eq!(
        rig.send_raw(QRIS_GENERATE, &headers, tampered.as_bytes())
            .code(),
        "4014700"
    );
    assert_eq!(
        rig.send_raw(QRIS_QUERY, &headers, body.as_bytes()).code(),
        "4015100"
    );
}

#[test]
fn an_external_id_is_good_for_one_call_a_day() {
    let rig = Rig::new();
    let first = qris(15_000, None).to_string();
    let headers = rig.headers(QRIS_GENERATE, first.as_bytes());
    assert_eq!(
        rig.send_raw(QRIS_GENERATE, &headers, first.as_bytes())
            .code(),
        "2004700"
    );
    let again = rig.send_raw(QRIS_GENERATE, &headers, first.as_bytes());
    assert_eq!(again.json(409)["responseCode"], "4094700");
}

#[test]
fn a_reference_is_good_for_one_transaction_of_any_kind() {
    let rig = Rig::new();
    let body = qris(15_000, None);
    rig.call(QRIS_GENERATE, &body).json(200);
    assert_eq!(
        rig.call(QRIS_GENERATE, &body).json(409)["responseCode"],
        "4094701"
    );
    let mut other = account(15_000);
    other["trxId"] = body["partnerReferenceNo"].clone();
    assert_eq!(
        rig.call(VA_CREATE, &other).json(409)["responseCode"],
        "4092701"
    );
}

#[test]
fn a_token_expires_and_can_be_revoked() {
    let short = Rig::with(nowhere(), |settings| {
        settings.token_ttl = Duration::from_millis(50)
    });
    eventually(|| {
        (short.call(QRIS_QUERY, &inquiry("X", "BNC_QRIS")).code() == "4015101").then_some(())
    });
    let rig = Rig::new();
    assert_eq!(
        rig.call(QRIS_QUERY, &inquiry("X", "BNC_QRIS")).code(),
        "4045101"
    );
    rig.control("DELETE", "/tokens", None).json(204);
    assert_eq!(
        rig.call(QRIS_QUERY, &inquiry("X", "BNC_QRIS")).code(),
        "4015101"
    );
}

#[test]
fn a_token_is_only_for_the_merchant() {
    let rig = Rig::new();
    let good = r#"{"grantType":"client_credentials"}"#;
    let other = spelt(TimeDelta::seconds(-9));
    for (name, value, body, code) in [
        ("X-OTHER", None, good, "2007300"),
        ("X-CLIENT-KEY", Some("CK-other"), good, "4017300"),
        ("X-TIMESTAMP", Some(other.as_str()), good, "4017300"),
        ("X-SIGNATURE", None, good, "4007302"),
        ("X-OTHER", None, "{}", "4007302"),
        ("X-OTHER", None, r#"{"grantType":"password"}"#, "4007301"),
        ("X-OTHER", None, "[]", "4007301"),
        ("X-OTHER", None, "", "4007300"),
    ] {
        let headers = changed(rig.token_headers(), name, value);
        let seen = rig.send_raw(TOKEN, &headers, body.as_bytes());
        assert_eq!(seen.code(), code, "{name} {value:?} {body}");
    }
}

#[test]
fn an_unknown_reference_or_another_channel_is_not_found() {
    let rig = Rig::new();
    let reference = rig.open_qris(15_000, None);
    for (path, channel, code) in [
        (QRIS_QUERY, "BNC_QRIS", "4045101"),
        (QRIS_CANCEL, "BNC_QRIS", "4047701"),
        (EWALLET_STATUS, "EMONEY_DANA_SNAP", "4045501"),
        (VA_INQUIRY, "VIRTUAL_ACCOUNT_BNI", "4043001"),
        (RETAIL_QUERY, "RETAIL_DANDAN", "4045501"),
    ] {
        let unknown = rig.call(path, &inquiry("NOBODYS-REFERENCE", channel));
        assert_eq!(unknown.json(404)["responseCode"], code);
        if channel != "BNC_QRIS" {
            assert_eq!(rig.call(path, &inquiry(&reference, channel)).code(), code);
        }
    }
    assert_eq!(
        rig.call(QRIS_QUERY, &inquiry(&reference, "EMONEY_DANA_SNAP"))
            .code(),
        "4005101"
    );
}

#[test]
fn a_payment_link_cannot_be_queried() {
    let rig = Rig::new();
    let body = link("https://pay.example.co.id/notify");
    let code = rig.call(LINK_CREATE, &body).json(200)["partnerReferenceNo"].clone();
    for reference in [&body["partnerReferenceNo"], &code] {
        let seen = rig.call(
            EWALLET_STATUS,
            &inquiry(reference.as_str().unwrap(), "EMONEY_DANA_SNAP"),
        );
        assert_eq!(seen.code(), "4045501");
    }
}

#[test]
fn both_ewallet_urls_are_mandatory() {
    let rig = Rig::new();
    for missing in [0, 1] {
        let mut body = ewallet(30_000, "https://pay.example.co.id/notify");
        body["urlParams"].as_array_mut().unwrap().remove(missing);
        assert_eq!(
            rig.call(EWALLET_PAYMENT, &body).json(400)["responseCode"],
            "4005402"
        );
    }
}

#[test]
fn bodies_that_are_no_json_object_or_say_things_twice_are_refused() {
    let rig = Rig::new();
    let doubled = qris(15_000, None)
        .to_string()
        .replacen('{', r#"{"validUpTo":"x","#, 1);
    for (body, code) in [
        ("", "4004700"),
        ("[]", "4004701"),
        ("{", "4004700"),
        (doubled.as_str(), "4004700"),
    ] {
        let headers = rig.headers(QRIS_GENERATE, body.as_bytes());
        assert_eq!(
            rig.send_raw(QRIS_GENERATE, &headers, body.as_bytes())
                .code(),
            code,
            "{body}"
        );
    }
}

#[test]
fn a_qris_amount_has_the_national_cap() {
    let rig = Rig::new();
    assert_eq!(
        rig.call(QRIS_GENERATE, &qris(10_000_000, None)).code(),
        "2004700"
    );
    assert_eq!(
        rig.call(QRIS_GENERATE, &qris(10_000_001, None)).json(403)["responseCode"],
        "4034702"
    );
}

#[test]
fn other_paths_and_methods_are_no_calls() {
    let rig = Rig::new();
    assert_eq!(
        rig.call("/v1.0/qr/qr-mpm-refund", &Value::Null).json(404)["responseCode"],
        "4040000"
    );
    let seen = exchange(rig.sandbox.addr, "GET", QRIS_QUERY, &[], b"");
    assert_eq!(seen.json(405)["responseCode"], "4050000");
}

/// The headers with one replaced or left out.
fn changed(
    mut headers: Vec<(&'static str, String)>,
    name: &str,
    value: Option<&str>,
) -> Vec<(&'static str, String)> {
    if value.is_none() {
        headers.retain(|(known, _value)| *known != name);
    }
    for header in &mut headers {
        if header.0 == name {
            header.1 = value.unwrap_or_default().to_owned();
        }
    }
    headers
}
