//! Valid orders, and the errors for each field that is not valid.

use ayolinx_core::channels::Environment;

use super::*;
use crate::http::error::ErrorCode;

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

fn now() -> DateTime<Utc> {
    parse_time("2026-11-21T07:00:00Z").unwrap()
}

fn parse_with(table: &ChannelTable, body: &str) -> Result<CreateOrder, ApiError> {
    let tree = JsonTree::parse_object(body.as_bytes()).unwrap();
    CreateOrder::parse(&tree, table, now())
}

fn parse(body: &str) -> Result<CreateOrder, ApiError> {
    parse_with(&ChannelTable::built_in(Environment::NonProduction), body)
}

/// Parses the smallest order, with these members added.
fn order(members: &str) -> Result<CreateOrder, ApiError> {
    parse(&format!(
        r#"{{"reference":"A","amount":{{"value":"20000","currency":"IDR"}},{members}}}"#
    ))
}

#[track_caller]
fn code_of(result: Result<CreateOrder, ApiError>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn the_contracts_example_is_read_whole() {
    let order = parse(EXAMPLE).unwrap();
    assert_eq!(order.reference, "INV-2026-0001");
    assert_eq!(order.amount, Amount::rupiah(150_000).unwrap());
    let payment = order.payment.unwrap();
    assert_eq!(payment.method(), Method::Qris);
    assert_eq!(payment.channel(), Some("BNC_QRIS"));
    assert_eq!(order.expires_at, parse_time("2026-11-21T08:00:00Z"));
    assert_eq!(order.description.as_deref(), Some("Kopi susu 3x"));
    assert_eq!(
        order.customer.unwrap().phone.as_deref(),
        Some("081234567890")
    );
    assert_eq!(order.items.len(), 1);
    assert_eq!(
        order.return_url.as_deref(),
        Some("https://shop.example.co.id/thanks")
    );
    assert_eq!(order.metadata.unwrap()["cart"], "c-991");
}

#[test]
fn the_smallest_order_leaves_the_choice_to_the_payer() {
    let order = parse(r#"{"reference":"A","amount":{"value":"1000","currency":"IDR"}}"#).unwrap();
    assert_eq!(order.payment, None);
    assert_eq!(order.expires_at, None);
    assert_eq!(order.metadata, None);
    assert!(order.items.is_empty());
}

#[test]
fn null_is_the_same_as_absent() {
    let order = order(
        r#""payment":null,"expires_at":null,"expires_in":null,"description":null,"customer":null,"items":null,
           "return_url":null,"metadata":null"#,
    );
    let order = order.unwrap();
    assert_eq!(order.payment, None);
    assert_eq!(order.customer, None);
}

/// Tries the forms in which shops' libraries write an empty value, at every optional member of an
/// order.
#[test]
fn whatever_says_nothing_is_the_same_as_absent() {
    let smallest = order(r#""metadata":null"#).unwrap();
    let nothings = [r#""""#, r#""  ""#, "\"\u{a0}\u{200b}\"", "null"];
    for name in OPTIONAL {
        let empty_objects = ["payment", "customer", "items", "metadata"];
        let empty = empty_objects.contains(name).then_some("[]");
        for nothing in nothings.into_iter().chain(empty) {
            let read = order(&format!(r#""{name}":{nothing}"#));
            assert_eq!(read.as_ref().ok(), Some(&smallest), "{name} {nothing}");
        }
    }
    for nothing in nothings {
        let customer = format!(r#"{{"name":{nothing},"email":{nothing},"phone":{nothing}}}"#);
        let read = order(&format!(r#""customer":{customer}"#));
        assert_eq!(read.ok().as_ref(), Some(&smallest), "{nothing}");
    }
    let link = order(&format!(
        r#"{PAYER},"items":[],"payment":{{"method":"payment_link","channel":""}}"#
    ));
    assert!(link.unwrap().items.is_empty());
}

/// Checks that a payer's details are judged by the chosen method, and kept as they came.
#[test]
fn a_format_is_judged_only_where_the_method_needs_the_field() {
    let customer = r#""customer":{"name":"Budi","email":"at home","phone":"6598765432"}"#;
    let wrong = |payment: &str| -> Vec<(String, &'static str)> {
        match order(&format!(
            r#"{customer},"return_url":"https://s.example/x","payment":{payment}"#
        )) {
            Ok(order) => {
                let kept = order.customer.unwrap();
                assert_eq!(kept.email.as_deref(), Some("at home"), "{payment}");
                assert_eq!(kept.phone.as_deref(), Some("6598765432"), "{payment}");
                Vec::new()
            }
            Err(error) => {
                let errors = error.field_errors().iter();
                errors.map(|one| (one.field.clone(), one.code)).collect()
            }
        }
    };
    let email = ("customer.email".to_owned(), "invalid_format");
    let phone = ("customer.phone".to_owned(), "invalid_format");
    for (payment, expected) in [
        ("null", vec![]),
        (r#"{"method":"qris"}"#, vec![]),
        (r#"{"method":"ewallet"}"#, vec![]),
        (
            r#"{"method":"virtual_account","channel":"VIRTUAL_ACCOUNT_BNI"}"#,
            vec![],
        ),
        (
            r#"{"method":"retail","channel":"RETAIL_ALFAMART"}"#,
            vec![email.clone()],
        ),
        (r#"{"method":"payment_link"}"#, vec![email, phone]),
    ] {
        assert_eq!(wrong(payment), expected, "{payment}");
    }
}

#[test]
fn the_only_channel_of_a_method_need_not_be_named() {
    let qris = order(r#""payment":{"method":"qris"}"#).unwrap();
    assert_eq!(qris.payment.unwrap().channel(), Some("BNC_QRIS"));
    let wallet =
        order(r#""payment":{"method":"ewallet"},"return_url":"https://s.example/x""#).unwrap();
    assert_eq!(wallet.payment.unwrap().channel(), Some("EMONEY_DANA_SNAP"));
}

#[test]
fn a_second_channel_that_is_on_must_be_chosen_from() {
    let table = ChannelTable::built_in(Environment::NonProduction)
        .overlay("[SECOND_QRIS]\nmethod = \"qris\"\n")
        .unwrap();
    let body = r#"{"reference":"A","amount":{"value":"20000","currency":"IDR"},"payment":{"method":"qris"}}"#;
    let error = parse_with(&table, body).unwrap_err();
    assert_eq!(error.field_errors()[0].field, "payment.channel");
    assert_eq!(error.field_errors()[0].code, "required");
}

#[test]
fn a_channel_that_is_off_is_unavailable_and_an_unknown_one_is_wrong() {
    let bank = |code: &str| {
        order(&format!(
            r#""payment":{{"method":"virtual_account","channel":"{code}"}},"customer":{{"name":"Budi"}}"#
        ))
    };
    assert!(bank("VIRTUAL_ACCOUNT_BNI").is_ok());
    assert_eq!(
        code_of(bank("VIRTUAL_ACCOUNT_BCA")),
        ErrorCode::ChannelUnavailable
    );
    assert_eq!(
        code_of(bank("VIRTUAL_ACCOUNT_XYZ")),
        ErrorCode::ValidationFailed
    );
    assert_eq!(code_of(bank("BNC_QRIS")), ErrorCode::ValidationFailed);
}

#[test]
fn in_production_a_bank_without_a_prefix_is_unavailable() {
    let table = ChannelTable::built_in(Environment::Production);
    let body = r#"{"reference":"A","amount":{"value":"20000","currency":"IDR"},"customer":{"name":"Budi"},
                   "payment":{"method":"virtual_account","channel":"VIRTUAL_ACCOUNT_BNI"}}"#;
    assert_eq!(
        code_of(parse_with(&table, body)),
        ErrorCode::ChannelUnavailable
    );
}

#[test]
fn a_method_whose_every_channel_is_off_is_unavailable() {
    let table = ChannelTable::built_in(Environment::NonProduction)
        .overlay("[BNC_QRIS]\nenabled = false\n[PAYMENT_LINK]\nenabled = false\n")
        .unwrap();
    let customer = r#""customer":{"name":"B","email":"b@example.com","phone":"081234567890"}"#;
    for method in ["qris", "payment_link"] {
        let body = format!(
            r#"{{"reference":"A","amount":{{"value":"20000","currency":"IDR"}},{customer},"payment":{{"method":"{method}"}}}}"#
        );
        assert_eq!(
            code_of(parse_with(&table, &body)),
            ErrorCode::ChannelUnavailable,
            "{method}"
        );
    }
}

const PAYER: &str = r#""customer":{"name":"Budi","email":"b@example.com","phone":"081234567890"}"#;

#[test]
fn a_link_offers_what_takes_the_amount_unless_channels_are_named() {
    let link = |value: &str, channels: &str| {
        parse(&format!(
            r#"{{"reference":"A","amount":{{"value":"{value}","currency":"IDR"}},{PAYER},
                "payment":{{"method":"payment_link"{channels}}}}}"#
        ))
    };
    let Some(PaymentChoice::Link { channels }) = link("20000", "").unwrap().payment else {
        panic!("no link");
    };
    assert!(channels.iter().any(|code| code == "BNC_QRIS"));
    assert!(channels.iter().any(|code| code == "RETAIL_ALFAMART"));
    assert!(
        !channels
            .iter()
            .any(|code| code == "VIRTUAL_ACCOUNT_BCA" || code == "PAYMENT_LINK")
    );

    let Some(PaymentChoice::Link { channels }) = link("5000001", "").unwrap().payment else {
        panic!("no link");
    };
    assert!(!channels.iter().any(|code| code == "RETAIL_ALFAMART"));

    let named = r#","channels":["RETAIL_ALFAMART","BNC_QRIS"]"#;
    let Some(PaymentChoice::Link { channels }) = link("20000", named).unwrap().payment else {
        panic!("no link");
    };
    assert_eq!(channels, ["RETAIL_ALFAMART", "BNC_QRIS"]);
    let error = link("5000001", named).unwrap_err();
    assert_eq!(
        error.field_errors()[0].message,
        "at most 5000000.00 for RETAIL_ALFAMART"
    );
    assert!(link("50000001", "").is_err());
}

#[test]
fn a_links_items_must_add_up_and_others_are_ignored() {
    let items = r#""items":[{"name":"Kopi","price":"5000.00","quantity":3}]"#;
    let link = order(&format!(
        r#"{PAYER},{items},"payment":{{"method":"payment_link"}}"#
    ));
    let error = link.unwrap_err();
    assert_eq!(
        (
            error.field_errors()[0].field.as_str(),
            error.field_errors()[0].code
        ),
        ("items", "not_allowed")
    );

    let qris = order(&format!(r#"{items},"payment":{{"method":"qris"}}"#)).unwrap();
    assert!(qris.items.is_empty());

    let fitting = r#""items":[{"name":"Kopi","price":"5000","quantity":4}]"#;
    let link = order(&format!(
        r#"{PAYER},{fitting},"payment":{{"method":"payment_link"}}"#
    ))
    .unwrap();
    assert_eq!(link.items[0].quantity, 4);
}

#[test]
fn an_expiry_is_a_second_ahead_and_no_longer_than_the_channel_allows() {
    let at = |text: &str| {
        order(&format!(
            r#""payment":{{"method":"qris"}},"expires_at":"{text}""#
        ))
    };
    assert!(at("2026-11-21T07:00:01Z").is_ok());
    assert!(at("2026-11-28T07:00:00Z").is_ok());
    for (text, code) in [
        ("2026-11-21T07:00:00.999Z", "in_the_past"),
        ("2020-01-01T00:00:00Z", "in_the_past"),
        ("2026-11-28T07:00:00.001Z", "above_maximum"),
        ("9999-12-31T23:59:59Z", "above_maximum"),
        ("2026-11-21", "invalid_format"),
    ] {
        let error = at(text).unwrap_err();
        assert_eq!(error.field_errors()[0].code, code, "{text}");
        assert_eq!(error.field_errors()[0].field, "expires_at", "{text}");
    }
}

#[test]
fn an_expiry_in_seconds_counts_from_now() {
    let in_secs = |secs: &str| {
        order(&format!(
            r#""payment":{{"method":"qris"}},"expires_in":{secs}"#
        ))
    };
    assert_eq!(
        in_secs("1").unwrap().expires_at,
        parse_time("2026-11-21T07:00:01Z")
    );
    assert!(in_secs("604800").is_ok());
    for (secs, code) in [
        ("0", "below_minimum"),
        ("-5", "below_minimum"),
        ("604801", "above_maximum"),
        ("99999999999999999999999999", "above_maximum"),
        ("1.0", "wrong_type"),
        ("1e3", "wrong_type"),
        ("\"60\"", "wrong_type"),
    ] {
        let error = in_secs(secs).unwrap_err();
        assert_eq!(error.field_errors()[0].code, code, "{secs}");
    }
}

#[test]
fn without_a_choice_the_longest_channel_and_the_widest_limits_bind() {
    assert!(order(r#""expires_in":2592000"#).is_ok());
    assert!(order(r#""expires_in":2592001"#).is_err());
    let amount = |value: &str| {
        parse(&format!(
            r#"{{"reference":"A","amount":{{"value":"{value}","currency":"IDR"}}}}"#
        ))
    };
    assert!(amount("500000000").is_ok());
    let above = amount("500000001").unwrap_err();
    assert_eq!(above.field_errors()[0].code, "above_maximum");
    assert!(amount("1").is_ok());
}

#[test]
fn a_later_payment_is_held_against_its_order() {
    use crate::orders::params::payment::{OrderFacts, RequestedPayment};
    let table = ChannelTable::built_in(Environment::NonProduction);
    let body =
        JsonTree::parse_object(br#"{"method":"retail","channel":"RETAIL_ALFAMART"}"#).unwrap();
    let requested = RequestedPayment::parse(&body, &table).unwrap();
    let facts = OrderFacts {
        amount: Amount::rupiah(5_000).unwrap(),
        customer: None,
        return_url: None,
    };
    let error = requested.for_order(facts, &table).unwrap_err();
    let fields: Vec<_> = error
        .field_errors()
        .iter()
        .map(|error| error.field.as_str())
        .collect();
    assert_eq!(fields, ["customer.name", "customer.email", "amount.value"]);
}
