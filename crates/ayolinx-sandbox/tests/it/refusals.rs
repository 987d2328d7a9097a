//! What the provider refuses, with the code and the field named.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::rig::*;

#[test]
fn a_call_without_the_right_headers_is_refused() {
    let rig = Rig::new();
    let body = qris(15_000, None).to_string();
    let check = |change: &dyn Fn(&mut Vec<(&'static str, String)>), code: &str, part: &str| {
        let mut headers = rig.headers(QRIS_GENERATE, body.as_bytes());
        change(&mut headers);
        let seen = rig.send_raw(QRIS_GENERATE, &headers, body.as_bytes());
        assert_eq!(seen.code(), code, "{seen:?}");
        let status: u16 = code[..3].parse().unwrap();
        let message = seen.json(status)["responseMessage"].to_string();
        assert!(message.contains(part), "{message}");
    };
    for name in [
        "X-TIMESTAMP",
        "X-PARTNER-ID",
        "X-SIGNATURE",
        "X-EXTERNAL-ID",
    ] {
        check(
            &|headers| headers.retain(|(known, _)| *known != name),
            "4004702",
            name,
        );
    }
    check(
        &|headers| set(headers, "Content-Type", "text/plain"),
        "4004701",
        "Content-Type",
    );
    check(
        &|headers| set(headers, "X-TIMESTAMP", "2025-06-01T10:15:30Z"),
        "4004701",
        "X-TIMESTAMP",
    );
    check(
        &|headers| set(headers, "X-TIMESTAMP", &spelt(TimeDelta::minutes(-6))),
        "4014700",
        "Timestamp",
    );
    check(
        &|headers| set(headers, "X-TIMESTAMP", &spelt(TimeDelta::seconds(-9))),
        "4014700",
        "Signature",
    );
    check(
        &|headers| set(headers, "X-PARTNER-ID", "CK-other"),
        "4014700",
        "Client",
    );
    check(
        &|headers| set(headers, "X-SIGNATURE", "AAAA"),
        "4014700",
        "Signature",
    );
    check(
        &|headers| set(headers, "X-EXTERNAL-ID", "abc"),
        "4004701",
        "X-EXTERNAL-ID",
    );
    check(
        &|headers| set(headers, "X-EXTERNAL-ID", &"9".repeat(37)),
        "4004701",
        "X-EXTERNAL-ID",
    );
    check(
        &|headers| headers.retain(|(known, _)| *known != "Authorization"),
        "4014703",
        "Token",
    );
    check(
        &|headers| set(headers, "Authorization", "Bearer nobodys"),
        "4014701",
        "Token",
    );
    check(
        &|headers| set(headers, "Authorization", &format!("Bearer  {}", rig.token)),
        "4014703",
        "Token",
    );
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
    let body = br#"{"grantType":"client_credentials"}"#;
    let check = |change: &dyn Fn(&mut Vec<(&'static str, String)>), body: &[u8], code: &str| {
        let mut headers = rig.token_headers();
        change(&mut headers);
        let seen = rig.send_raw(TOKEN, &headers, body);
        assert_eq!(seen.code(), code, "{seen:?}");
    };
    check(&|_headers| {}, body, "2007300");
    check(
        &|headers| set(headers, "X-CLIENT-KEY", "CK-other"),
        body,
        "4017300",
    );
    check(
        &|headers| set(headers, "X-TIMESTAMP", &spelt(TimeDelta::seconds(-9))),
        body,
        "4017300",
    );
    check(
        &|headers| headers.retain(|(name, _)| *name != "X-SIGNATURE"),
        body,
        "4007302",
    );
    check(&|_headers| {}, b"{}", "4007302");
    check(&|_headers| {}, br#"{"grantType":"password"}"#, "4007301");
    check(&|_headers| {}, b"[]", "4007301");
    check(&|_headers| {}, b"", "4007300");
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
            QRIS_QUERY,
            &inquiry(reference.as_str().unwrap(), "BNC_QRIS"),
        );
        assert_eq!(seen.code(), "4045101");
    }
}

#[test]
fn every_required_field_is_required() {
    let rig = Rig::new();
    let notify = "https://pay.example.co.id/notify";
    for (path, body, service, fields) in [
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "47",
            vec![
                "partnerReferenceNo",
                "amount",
                "amount.value",
                "amount.currency",
                "additionalInfo",
                "additionalInfo.channel",
            ],
        ),
        (
            QRIS_QUERY,
            inquiry("X", "BNC_QRIS"),
            "51",
            vec![
                "originalPartnerReferenceNo",
                "additionalInfo",
                "additionalInfo.channel",
            ],
        ),
        (
            EWALLET_PAYMENT,
            ewallet(30_000, notify),
            "54",
            vec![
                "partnerReferenceNo",
                "validUpTo",
                "amount",
                "urlParams",
                "additionalInfo",
            ],
        ),
        (
            VA_CREATE,
            account(11_500),
            "27",
            vec![
                "partnerServiceId",
                "customerNo",
                "virtualAccountName",
                "trxId",
                "totalAmount",
                "virtualAccountTrxType",
                "additionalInfo",
            ],
        ),
        (
            RETAIL_CREATE,
            retail(50_000),
            "54",
            vec![
                "partnerReferenceNo",
                "validUpTo",
                "customerName",
                "customerEmail",
                "amount",
                "additionalInfo",
            ],
        ),
        (
            LINK_CREATE,
            link(notify),
            "01",
            vec![
                "partnerReferenceNo",
                "customerName",
                "customerEmail",
                "customerPhoneNumber",
                "customerPhoneNumberCountryCode",
                "listItem",
                "listPaymentChannel",
                "expiryTime",
            ],
        ),
    ] {
        for field in fields {
            let mut without = body.clone();
            match field.split_once('.') {
                Some((outer, inner)) => without[outer].as_object_mut().unwrap().remove(inner),
                None => without.as_object_mut().unwrap().remove(field),
            };
            let reply = rig.call(path, &without).json(400);
            assert_eq!(reply["responseCode"], format!("400{service}02"), "{field}");
            assert_eq!(
                reply["responseMessage"],
                format!("Invalid Mandatory Field {field}")
            );
        }
    }
}

#[test]
fn every_format_is_checked() {
    let rig = Rig::new();
    let notify = "https://pay.example.co.id/notify";
    let future = spelt(TimeDelta::hours(1));
    let epoch = ewallet(1, notify)["validUpTo"].clone();
    for (path, body, pointer, wrong) in [
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("15000"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("15000.0"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("015000.00"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("15000.50"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("0.00"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!("-1.00"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/value",
            json!(15_000),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/amount/currency",
            json!("USD"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/partnerReferenceNo",
            json!("a".repeat(65)),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/partnerReferenceNo",
            json!("a_b"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/validUpTo",
            json!("tomorrow"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/validUpTo",
            json!(spelt(TimeDelta::minutes(-1))),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, None),
            "/additionalInfo/channel",
            json!("EMONEY_DANA_SNAP"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, Some(notify)),
            "/urlParams/0/url",
            json!("not a url"),
        ),
        (
            QRIS_GENERATE,
            qris(15_000, Some(notify)),
            "/urlParams/0/type",
            json!("OTHER"),
        ),
        (
            EWALLET_PAYMENT,
            ewallet(30_000, notify),
            "/urlParams/1/type",
            json!("PAY_RETURN"),
        ),
        (
            EWALLET_PAYMENT,
            ewallet(30_000, notify),
            "/validUpTo",
            json!(future.replace("+07:00", "Z")),
        ),
        (
            EWALLET_PAYMENT,
            ewallet(30_000, notify),
            "/additionalInfo/channel",
            json!("BNC_QRIS"),
        ),
        (VA_CREATE, account(11_500), "/customerNo", json!("12a")),
        (
            VA_CREATE,
            account(11_500),
            "/customerNo",
            json!("1".repeat(21)),
        ),
        (
            VA_CREATE,
            account(11_500),
            "/partnerServiceId",
            json!("  2056"),
        ),
        (
            VA_CREATE,
            account(11_500),
            "/virtualAccountName",
            json!("Budi <b>"),
        ),
        (
            VA_CREATE,
            account(11_500),
            "/virtualAccountTrxType",
            json!("X"),
        ),
        (VA_CREATE, account(11_500), "/expiredDate", epoch.clone()),
        (VA_CREATE, account(11_500), "/trxId", json!("a b")),
        (RETAIL_CREATE, retail(50_000), "/validUpTo", epoch.clone()),
        (
            RETAIL_CREATE,
            retail(50_000),
            "/customerEmail",
            json!("budi"),
        ),
        (
            RETAIL_CREATE,
            retail(50_000),
            "/additionalInfo/channel",
            json!("RETAIL_INDOMARET"),
        ),
        (
            LINK_CREATE,
            link(notify),
            "/listItem/0/price",
            json!(20_000),
        ),
        (
            LINK_CREATE,
            link(notify),
            "/listItem/0/price",
            json!("20000.00"),
        ),
        (LINK_CREATE, link(notify), "/listItem/0/qty", json!("0")),
        (
            LINK_CREATE,
            link(notify),
            "/listPaymentChannel/0",
            json!("BITCOIN"),
        ),
        (
            LINK_CREATE,
            link(notify),
            "/customerPhoneNumber",
            json!("081234567890"),
        ),
        (
            LINK_CREATE,
            link(notify),
            "/customerPhoneNumberCountryCode",
            json!("62"),
        ),
        (LINK_CREATE, link(notify), "/expiryTime", epoch.clone()),
    ] {
        let mut body = body;
        *body.pointer_mut(pointer).unwrap() = wrong.clone();
        let seen = rig.call(path, &body);
        let reply = seen.json(400);
        assert!(
            reply["responseCode"].as_str().unwrap().ends_with("01"),
            "{pointer} {wrong} {reply}"
        );
        let field: Vec<&str> = pointer
            .split('/')
            .filter(|part| !part.is_empty() && *part != "0" && *part != "1")
            .collect();
        assert_eq!(
            reply["responseMessage"],
            format!("Invalid Field Format {}", field.join("."))
        );
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

fn set(headers: &mut [(&'static str, String)], name: &str, value: &str) {
    for header in headers {
        if header.0 == name {
            header.1 = value.to_owned();
        }
    }
}
