//! Every way a new order can be wrong: status, code, and each field with its own code.

use serde_json::{Map, Value};

use crate::edge::post;

const EXAMPLE: &str = r#"{
  "reference": "INV-2026-0001",
  "amount": {"value": "150000.00", "currency": "IDR"},
  "payment": {"method": "qris", "channel": "BNC_QRIS"},
  "expires_at": "2026-11-21T15:00:00+07:00",
  "description": "Kopi susu 3x",
  "customer": {"name": "Budi Santoso", "email": "budi@example.co.id", "phone": "081234567890"},
  "items": [{"name": "Kopi susu", "price": "50000", "quantity": 3}],
  "return_url": "https://shop.example.co.id/thanks",
  "metadata": {"cart": "c-991"}
}"#;

/// The example with these members put over its own.
fn changed(members: &str) -> String {
    let mut order: Map<String, Value> = serde_json::from_str(EXAMPLE).unwrap();
    let members: Map<String, Value> =
        serde_json::from_str(members).unwrap_or_else(|error| panic!("{error}: {members}"));
    order.extend(members);
    serde_json::to_string(&order).unwrap()
}

/// Refused with exactly these fields and codes, in any order.
#[track_caller]
fn refused(body: &str, expected: &[(&str, &str)]) {
    let reply = post("/v1/orders", body.as_bytes());
    assert_eq!(reply.status, 422, "{body}: {reply:?}");
    assert_eq!(reply.problem(), "validation_failed", "{body}");
    let problem = reply.json();
    let mut found: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["field"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{body}");
}

#[test]
fn the_example_itself_is_accepted() {
    assert_eq!(post("/v1/orders", EXAMPLE.as_bytes()).status, 201);
    for members in [
        r#"{"payment":null}"#,
        r#"{"amount":{"value":"150000","currency":"IDR"}}"#,
        r#"{"metadata":{}}"#,
        r#"{"customer":{}}"#,
        r#"{"customer":{"name":""}}"#,
        r#"{"items":[]}"#,
        r#"{"customer":[]}"#,
        r#"{"metadata":[]}"#,
        r#"{"payment":[]}"#,
        r#"{"payment":""}"#,
        r#"{"customer":""}"#,
        r#"{"metadata":" "}"#,
        r#"{"items":""}"#,
        r#"{"expires_at":""}"#,
        r#"{"expires_at":"","expires_in":""}"#,
        r#"{"expires_at":" ","expires_in":60}"#,
        r#"{"return_url":""}"#,
        r#"{"return_url":"  "}"#,
        r#"{"customer":{"name":"","email":"","phone":""}}"#,
        r#"{"payment":{"method":"qris","channel":"","channels":null}}"#,
        r#"{"customer":{"email":"info@münchen.example"}}"#,
        r#"{"customer":{"email":"no address at all"}}"#,
        r#"{"customer":{"phone":"0812-3456-7890"}}"#,
        r#"{"customer":{"phone":"(021) 555-1234"}}"#,
        r#"{"customer":{"phone":"call the neighbour"}}"#,
        r#"{"reference":"INV/2026/11/0001"}"#,
        r##"{"reference":"#1001:7/a"}"##,
        r#"{"amount":{"value":"1","currency":"IDR"}}"#,
        r#"{"description":""}"#,
        r#"{"return_url":"http://127.0.0.1:3000/x"}"#,
        r#"{"expires_at":"2026-11-21T08:00:00Z"}"#,
        r#"{"expires_at":"2026-11-21T17:00:00.123+09:00"}"#,
    ] {
        let reply = post("/v1/orders", changed(members).as_bytes());
        assert_eq!(reply.status, 201, "{members}: {reply:?}");
    }
}

#[test]
fn what_is_no_json_object_is_malformed() {
    for body in [
        "",
        " ",
        "null",
        "true",
        "1",
        "\"x\"",
        "[]",
        "[{}]",
        "{",
        "}",
        "{}}",
        "{} {}",
        "{\"a\"}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "{\"a\":Infinity}",
        "{\"a\":0x10}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\t\"}",
        "// c\n{}",
        "{\"a\":1 /*c*/}",
        "\u{feff}\u{feff}{}",
        "{\"reference\":\"A\",\"reference\":\"A\"}",
        "{\"reference\":\"A\",\"\\u0072eference\":\"B\"}",
        "{\"amount\":{\"value\":\"1\",\"value\":\"2\",\"currency\":\"IDR\"}}",
        "{\"metadata\":{\"a\":\"1\",\"a\":\"2\"}}",
        "{\"items\":[{\"name\":\"x\",\"name\":\"y\"}]}",
        "{\"unknown\":{\"deep\":[{\"a\":1,\"a\":1}]}}",
    ] {
        let reply = post("/v1/orders", body.as_bytes());
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_json"),
            "{body}"
        );
    }
    for bytes in [
        &b"{\"a\":\"\xff\"}"[..],
        b"\xff\xfe{\x00}\x00",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"\x00",
    ] {
        let reply = post("/v1/orders", bytes);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_json"),
            "{bytes:?}"
        );
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(
        post("/v1/orders", deep.as_bytes()).problem(),
        "malformed_json"
    );
}

#[test]
fn each_change_of_the_example_is_refused_for_its_own_reason() {
    let table = include_str!("bad_bodies.txt").lines();
    let rows = table.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for row in rows {
        let (expected, members) = row.split_once(" {").unwrap_or_else(|| panic!("{row}"));
        let expected: Vec<_> = expected
            .split(',')
            .map(|pair| pair.rsplit_once(':').unwrap())
            .collect();
        refused(&changed(&format!("{{{members}")), &expected);
        count += 1;
    }
    assert!(count >= 120, "{count}");
}

#[test]
fn required_fields_are_named_together() {
    let both = [("reference", "required"), ("amount", "required")];
    refused("{}", &both);
    refused(r#"{"reference":null,"amount":null}"#, &both);
}

#[test]
fn a_name_with_a_control_character_is_refused() {
    let body = changed(r#"{"metadata":{"a\u0001":"x"}}"#);
    refused(&body, &[("metadata.a\u{1}", "invalid_format")]);
}

#[test]
fn what_is_too_long_is_named() {
    let long = |count: usize| "x".repeat(count);
    let pairs: Vec<_> = (0..51).map(|n| format!("\"k{n}\":\"v\"")).collect();
    let item = r#"{"name":"x","price":"1","quantity":1}"#;
    for (members, field) in [
        (format!(r#"{{"reference":"{}"}}"#, long(65)), "reference"),
        (
            format!(r#"{{"description":"{}"}}"#, long(256)),
            "description",
        ),
        (
            format!(r#"{{"customer":{{"name":"{}"}}}}"#, long(101)),
            "customer.name",
        ),
        (
            format!(r#"{{"customer":{{"email":"a@{}.com"}}}}"#, long(249)),
            "customer.email",
        ),
        (
            format!(r#"{{"return_url":"https://shop.example/{}"}}"#, long(2028)),
            "return_url",
        ),
        (
            format!(r#"{{"metadata":{{{}}}}}"#, pairs.join(",")),
            "metadata",
        ),
        (
            format!(r#"{{"metadata":{{"k":"{}"}}}}"#, long(8192)),
            "metadata",
        ),
        (
            format!(r#"{{"items":[{}]}}"#, vec![item; 51].join(",")),
            "items",
        ),
        (
            format!(
                r#"{{"items":[{{"name":"{}","price":"1","quantity":1}}]}}"#,
                long(256)
            ),
            "items[0].name",
        ),
    ] {
        refused(&changed(&members), &[(field, "too_long")]);
    }
    for members in [
        format!(r#"{{"reference":"{}"}}"#, long(64)),
        format!(r#"{{"description":"{}"}}"#, "é".repeat(255)),
        format!(r#"{{"customer":{{"name":"{}"}}}}"#, "é".repeat(100)),
        format!(r#"{{"return_url":"https://shop.example/{}"}}"#, long(2027)),
        format!(r#"{{"metadata":{{{}}}}}"#, pairs[..50].join(",")),
        format!(r#"{{"metadata":{{"k":"{}"}}}}"#, long(8191)),
        format!(r#"{{"items":[{}]}}"#, vec![item; 50].join(",")),
    ] {
        let reply = post("/v1/orders", changed(&members).as_bytes());
        assert_eq!(reply.status, 201, "{reply:?}");
    }
}

#[test]
fn a_channel_that_is_off_is_its_own_refusal() {
    let body =
        changed(r#"{"payment":{"method":"virtual_account","channel":"VIRTUAL_ACCOUNT_BCA"}}"#);
    let reply = post("/v1/orders", body.as_bytes());
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (422, "channel_unavailable")
    );
    let body = changed(
        r#"{"payment":{"method":"virtual_account","channel":"VIRTUAL_ACCOUNT_BCA"},"reference":""}"#,
    );
    refused(&body, &[("reference", "invalid_format")]);
}

#[test]
fn everything_wrong_is_named_in_one_reply() {
    refused(
        r#"{"reference":"a b","amount":{"value":"1.5"},"payment":{"method":"retail"},"expires_at":"x","description":1,
            "customer":{"email":"x"},"items":[{"name":"x","price":"y","quantity":0}],"return_url":"http://x.example",
            "metadata":{"k":1},"extra":true}"#,
        &[
            ("reference", "invalid_format"),
            ("amount.value", "invalid_format"),
            ("amount.currency", "required"),
            ("payment.channel", "required"),
            ("expires_at", "invalid_format"),
            ("description", "wrong_type"),
            ("customer.email", "invalid_format"),
            ("items[0].price", "invalid_format"),
            ("items[0].quantity", "below_minimum"),
            ("return_url", "url_not_allowed"),
            ("metadata.k", "wrong_type"),
            ("extra", "unknown_field"),
        ],
    );
}
