//! The parsers of what comes from outside, given anything: bytes, JSON of any shape, and the bodies
//! of the vectors with damage. They read or refuse; they never panic, and never read money that is
//! not there.

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{EventId, OrderId, PaymentId};
use ayolinx_core::json_style::{JsonStyle, minify, php_reencode};
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::messages::{Envelope, parse};
use ayolinx_core::provider_time::{format_jakarta, format_unix_seconds, parse_time};
use ayolinx_core::response_code::ResponseCode;
use chrono::DateTime;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::vectors::Vectors;

/// Names that the parsers look for, and one that they do not.
const NAMES: [&str; 12] = [
    "responseCode",
    "originalPartnerReferenceNo",
    "partnerReferenceNo",
    "trxId",
    "paymentRequestId",
    "latestTransactionStatus",
    "amount",
    "value",
    "currency",
    "additionalInfo",
    "virtualAccountData",
    "other",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        select(vec![
            "00",
            "04",
            "IDR",
            "150000.00",
            "-1",
            "1e9",
            "99999999999999999"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let member = (select(NAMES.to_vec()), inner.clone());
        prop_oneof![
            3 => proptest::collection::vec(member, 0..8).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
            1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

/// Callbacks as they are signed, with some bytes put elsewhere.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let vectors = Vectors::load();
    let flat = vectors.callback_non_snap.into_iter().map(|it| it.body);
    let snap = vectors.callback_snap.into_iter().map(|it| it.body);
    let blow = (any::<Index>(), any::<u8>(), any::<bool>());
    let blows = proptest::collection::vec(blow, 0..4);
    (select(flat.chain(snap).collect::<Vec<_>>()), blows).prop_map(|(body, blows)| {
        let mut bytes = body.into_bytes();
        for (place, byte, cut) in blows {
            let at = place.index(bytes.len().max(1));
            if cut {
                bytes.truncate(at);
            } else if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        bytes
    })
}

fn is_read_or_refused(body: &[u8]) {
    for amount in [
        Notification::parse(body).ok().map(|note| note.amount),
        InquiryAnswer::parse(body).ok().map(|answer| answer.amount),
    ] {
        let read = amount.and_then(|amount| amount.read());
        assert!(read.is_none_or(|amount| amount.minor() >= 0));
    }
    parse::<Envelope>(body).ok();
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        is_read_or_refused(&body);
        // What is signed is hashed minified: once is as good as twice.
        let small = minify(&body);
        prop_assert_eq!(minify(&small), small);
    }

    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        is_read_or_refused(&pretty);
        prop_assert_eq!(minify(&pretty), serde_json::to_vec(&value).unwrap());
    }

    #[test]
    fn a_damaged_callback_is_read_or_refused(body in damaged()) {
        is_read_or_refused(&body);
    }

    #[test]
    fn the_php_spelling_says_the_same(text in "\\PC{0,40}", number in any::<i32>()) {
        let value = json!({"text": text, "list": [number, null, true]});
        let php = php_reencode(&serde_json::to_vec_pretty(&value).unwrap()).unwrap();
        prop_assert!(php.is_ascii());
        prop_assert_eq!(&JsonStyle::Php.serialise(&value).unwrap(), &php);
        prop_assert_eq!(serde_json::from_slice::<Value>(&php).unwrap(), value);
    }

    #[test]
    fn times_go_out_and_come_back(unix in 1_000_000_000..4_000_000_000_i64) {
        let time = DateTime::from_timestamp(unix, 0).unwrap();
        prop_assert_eq!(parse_time(&format_jakarta(time)), Some(time));
        prop_assert_eq!(parse_time(&format_unix_seconds(time)), Some(time));
    }

    #[test]
    fn any_text_is_no_time_no_id_no_code_or_one(text in "\\PC{0,40}") {
        let time = parse_time(&text);
        prop_assert!(time.is_none() || text.bytes().any(|byte| byte.is_ascii_digit()));
        text.parse::<OrderId>().ok();
        let code = ResponseCode::new(&text);
        prop_assert!(!code.is_success() || code.as_str() == "00" || code.http() == Some(200));
        let table = ChannelTable::built_in(Environment::NonProduction);
        table.overlay(&text).ok();
    }

    #[test]
    fn ids_go_out_and_come_back(number in any::<u128>()) {
        let id = Uuid::from_u128(number);
        let order = OrderId::from_uuid(id);
        prop_assert_eq!(order.to_string().parse(), Ok(order));
        let payment = PaymentId::from_uuid(id);
        prop_assert_eq!(payment.to_string().parse(), Ok(payment));
        prop_assert!(order.to_string().parse::<EventId>().is_err());
    }
}
