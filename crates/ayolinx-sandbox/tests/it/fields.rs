//! Each required field and each documented format, one line a case.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::rig::*;

/// Kind of call, its service code, its required fields.
const REQUIRED: [(&str, &str, &str); 6] = [
    (
        "qris",
        "47",
        "partnerReferenceNo amount amount.value amount.currency additionalInfo additionalInfo.channel",
    ),
    (
        "query",
        "51",
        "originalPartnerReferenceNo additionalInfo additionalInfo.channel",
    ),
    (
        "ewallet",
        "54",
        "partnerReferenceNo validUpTo amount urlParams additionalInfo",
    ),
    (
        "account",
        "27",
        "partnerServiceId customerNo virtualAccountName trxId totalAmount virtualAccountTrxType additionalInfo",
    ),
    (
        "retail",
        "54",
        "partnerReferenceNo validUpTo customerName customerEmail amount additionalInfo",
    ),
    (
        "link",
        "01",
        "partnerReferenceNo customerName customerEmail customerPhoneNumber customerPhoneNumberCountryCode listItem listPaymentChannel expiryTime",
    ),
];

/// Kind of call, the member, a wrong value in JSON.
const WRONG: [(&str, &str, &str); 46] = [
    ("qris", "/amount/value", r#""15000""#),
    ("qris", "/amount/value", r#""15000.0""#),
    ("qris", "/amount/value", r#""15000.000""#),
    ("qris", "/amount/value", r#""015000.00""#),
    ("qris", "/amount/value", r#""15000.50""#),
    ("qris", "/amount/value", r#""0.00""#),
    ("qris", "/amount/value", r#""-1.00""#),
    ("qris", "/amount/value", "15000"),
    ("qris", "/amount/currency", r#""USD""#),
    ("qris", "/partnerReferenceNo", "65 letters"),
    ("qris", "/partnerReferenceNo", r#""a_b""#),
    ("qris", "/validUpTo", r#""tomorrow""#),
    ("qris", "/validUpTo", "past"),
    ("qris", "/additionalInfo/channel", r#""EMONEY_DANA_SNAP""#),
    ("qris", "/urlParams/0/url", r#""not a url""#),
    ("qris", "/urlParams/0/type", r#""OTHER""#),
    ("ewallet", "/urlParams/1/type", r#""PAY_RETURN""#),
    ("ewallet", "/validUpTo", r#""2099-06-01T10:15:30Z""#),
    ("ewallet", "/additionalInfo/channel", r#""BNC_QRIS""#),
    ("ewallet", "/additionalInfo/orderTitle", "65 letters"),
    ("ewallet", "/additionalInfo/subMerchantId", "33 letters"),
    ("ewallet", "/additionalInfo/externalStoreId", "65 letters"),
    ("ewallet", "/validUpTo", "eight days"),
    ("account", "/customerNo", r#""12a""#),
    ("account", "/customerNo", r#""123456789012345678901""#),
    ("account", "/partnerServiceId", r#""  2056""#),
    ("account", "/virtualAccountName", r#""Budi <b>""#),
    ("account", "/virtualAccountTrxType", r#""X""#),
    ("account", "/expiredDate", "epoch"),
    ("account", "/trxId", r#""a b""#),
    ("account", "/virtualAccountEmail", r#""budi""#),
    ("account", "/virtualAccountPhone", r#""+6281234567890""#),
    ("account", "/virtualAccountPhone", r#""62812345""#),
    ("account", "/virtualAccountPhone", r#""081234567890""#),
    ("retail", "/validUpTo", "epoch"),
    ("retail", "/customerEmail", r#""budi""#),
    ("retail", "/urlParams/0/url", r#""shop.example""#),
    ("retail", "/additionalInfo/channel", r#""RETAIL_INDOMARET""#),
    ("link", "/listItem/0/price", "20000"),
    ("link", "/listItem/0/price", r#""20000.00""#),
    ("link", "/listItem/0/qty", r#""0""#),
    ("link", "/listPaymentChannel/0", r#""BITCOIN""#),
    ("link", "/customerPhoneNumber", r#""081234567890""#),
    ("link", "/customerPhoneNumberCountryCode", r#""62""#),
    ("link", "/customerPhoneNumberCountryCode", r#""+0""#),
    ("link", "/expiryTime", "epoch"),
];

fn sample(kind: &str) -> (&'static str, Value) {
    let notify = "https://pay.example.co.id/notify";
    match kind {
        "qris" => (QRIS_GENERATE, qris(15_000, Some(notify))),
        "query" => (QRIS_QUERY, inquiry("X", "BNC_QRIS")),
        "ewallet" => (EWALLET_PAYMENT, ewallet(30_000, notify)),
        "account" => (VA_CREATE, account(11_500)),
        "retail" => (RETAIL_CREATE, retail(50_000)),
        "link" => (LINK_CREATE, link(notify)),
        other => panic!("{other}"),
    }
}

fn wrong_value(text: &str) -> Value {
    match text {
        "past" => json!(spelt(TimeDelta::minutes(-1))),
        "epoch" => json!((Utc::now().timestamp() + 900).to_string()),
        "65 letters" => json!("a".repeat(65)),
        "33 letters" => json!("a".repeat(33)),
        "eight days" => json!((Utc::now() + TimeDelta::days(8)).timestamp().to_string()),
        json => serde_json::from_str(json).unwrap(),
    }
}

#[test]
fn every_required_field_is_required() {
    let rig = Rig::new();
    for (kind, service, fields) in REQUIRED {
        for field in fields.split(' ') {
            let (path, mut body) = sample(kind);
            match field.split_once('.') {
                Some((outer, inner)) => body[outer].as_object_mut().unwrap().remove(inner),
                None => body.as_object_mut().unwrap().remove(field),
            };
            let reply = rig.call(path, &body).json(400);
            assert_eq!(reply["responseCode"], format!("400{service}02"), "{field}");
            let message = format!("Invalid Mandatory Field {field}");
            assert_eq!(reply["responseMessage"], message);
        }
    }
}

#[test]
fn every_format_is_checked() {
    let rig = Rig::new();
    for (kind, pointer, wrong) in WRONG {
        let (path, mut body) = sample(kind);
        *body.pointer_mut(pointer).unwrap() = wrong_value(wrong);
        let reply = rig.call(path, &body).json(400);
        let code = reply["responseCode"].as_str().unwrap();
        assert!(code.ends_with("01"), "{pointer} {wrong} {reply}");
        let parts: Vec<&str> = pointer
            .split('/')
            .filter(|part| !part.is_empty() && part.parse::<u8>().is_err())
            .collect();
        let message = format!("Invalid Field Format {}", parts.join("."));
        assert_eq!(reply["responseMessage"], message);
    }
}
