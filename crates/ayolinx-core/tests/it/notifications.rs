//! Callback bodies: every shape on every path, as documented and as they may come otherwise.

use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::messages::notification::{Notification, Shape};
use ayolinx_core::messages::replies::{Reply, SnapVaReply};
use ayolinx_core::messages::{MessageError, ProviderStatus, ReceivedAmount};
use ayolinx_core::money::{Amount, Currency};
use ayolinx_core::provider_time::parse_time;
use proptest::prelude::*;

use crate::vectors::Vectors;

fn read(minor: i64) -> ReceivedAmount {
    ReceivedAmount::Read(Amount::from_minor(minor, Currency::Idr).unwrap())
}

#[test]
fn every_callback_of_the_vectors_is_read() {
    let vectors = Vectors::load();
    for vector in &vectors.callback_non_snap {
        let note = Notification::parse(vector.body.as_bytes()).expect(&vector.name);
        assert_eq!(note.shape(), Shape::Flat, "{}", vector.name);
        assert_eq!(
            note.status(),
            Some(ProviderStatus::Success),
            "{}",
            vector.name
        );
        assert!(
            note.our_reference.is_some() && note.amount.read().is_some(),
            "{}",
            vector.name
        );
        assert!(
            note.channel.is_some() && note.finished_time.is_some(),
            "{}",
            vector.name
        );
        assert_eq!(
            note.link_code.is_some(),
            vector.name.contains("link"),
            "{}",
            vector.name
        );
    }
    for vector in &vectors.callback_snap {
        let note = Notification::parse(vector.body.as_bytes()).expect(&vector.name);
        let snap_va = vector.path.ends_with("transfer-va/payment");
        assert_eq!(note.shape() == Shape::SnapVa, snap_va, "{}", vector.name);
        assert_eq!(
            note.status(),
            Some(ProviderStatus::Success),
            "{}",
            vector.name
        );
    }
}

/// The reference and the link code of a notice that names them so.
fn named(reference: &str) -> [Option<String>; 2] {
    let text = serde_json::to_string(reference).unwrap();
    [
        format!(r#"{{"latestTransactionStatus":"00","originalPartnerReferenceNo":{text}}}"#),
        format!(r#"{{"latestTransactionStatus":"00","additionalInfo":{{"plh":{text}}}}}"#),
    ]
    .map(|body| {
        let bare = Notification::parse(body.as_bytes()).unwrap();
        let marked = Notification::parse(format!("\u{feff}{body}").as_bytes()).unwrap();
        assert_eq!(bare.our_reference, marked.our_reference);
        bare.our_reference.or(bare.link_code)
    })
}

proptest! {
    #[test]
    fn our_reference_is_found_in_capitals_and_among_blanks(
        id in any::<u128>(),
        before in "[ \\t\\r\\n\u{a0}\u{3000}]{0,3}",
        after in "[ \\t\\r\\n\u{a0}\u{3000}]{0,3}",
        capitals in prop::collection::vec(any::<bool>(), 32),
    ) {
        let ours = format!("{id:032x}");
        let spelt: String = ours
            .chars()
            .zip(capitals)
            .map(|(digit, capital)| if capital { digit.to_ascii_uppercase() } else { digit })
            .collect();
        prop_assert_eq!(named(&format!("{before}{spelt}{after}")), [Some(ours.clone()), Some(ours)]);
    }

    /// A link's code is the provider's, and its letters are told apart.
    #[test]
    fn other_references_only_lose_the_blanks_around_them(text in "[A-Za-z0-9_-]{1,31}") {
        prop_assert_eq!(named(&format!(" {text} ")), [Some(text.clone()), Some(text)]);
    }
}

const SNAP_VA: &str = r#"{"partnerServiceId":" 9882917","customerNo":"123","virtualAccountNo":" 9882917123","virtualAccountName":"BUDI","trxId":"INV-3","paymentRequestId":"VA01","paidAmount":{"value":"11500.00","currency":"IDR"},"virtualAccountTrxType":"C","additionalInfo":{"channel":"VIRTUAL_ACCOUNT_BNI","paymentNtb":"000123456","paymentTimeIso8601":"2025-06-01T10:15:20+07:00"}}"#;

#[test]
fn a_snap_va_payment_is_read_and_its_reply_repeats_it() {
    let note = Notification::parse(SNAP_VA.as_bytes()).unwrap();
    assert_eq!(note.our_reference.as_deref(), Some("INV-3"));
    assert_eq!(note.payment_request_id.as_deref(), Some("VA01"));
    assert_eq!(note.provider_reference.as_deref(), Some("VA01"));
    assert_eq!(note.amount, read(1_150_000));
    assert_eq!(note.finished_time, parse_time("2025-06-01T10:15:20+07:00"));
    let echo = note.snap_va_echo().unwrap().clone();
    let reply = JsonStyle::Plain
        .serialise(&SnapVaReply::received(echo))
        .unwrap();
    let text = r#"{"responseCode":"2002500","responseMessage":"Success","virtualAccountData":{"partnerServiceId":" 9882917","customerNo":"123","virtualAccountNo":" 9882917123","virtualAccountName":"BUDI","trxId":"INV-3","paymentRequestId":"VA01","paidAmount":{"value":"11500.00","currency":"IDR"},"virtualAccountTrxType":"C","additionalInfo":{"channel":"VIRTUAL_ACCOUNT_BNI"}}}"#;
    assert_eq!(String::from_utf8(reply).unwrap(), text);
    let flat = JsonStyle::Plain.serialise(&Reply::received()).unwrap();
    assert_eq!(
        flat,
        br#"{"responseCode":"2005600","responseMessage":"Successful"}"#
    );
}

#[test]
fn a_snap_va_flag_other_than_zero_zero_is_no_success() {
    for (flag, status) in [
        (r#""00""#, Some(ProviderStatus::Success)),
        (r#""""#, Some(ProviderStatus::Success)),
        (r#""01""#, None),
        ("1", None),
    ] {
        let body = SNAP_VA.replacen('{', &format!(r#"{{"paymentFlagStatus":{flag},"#), 1);
        assert_eq!(
            Notification::parse(body.as_bytes()).unwrap().status(),
            status,
            "{flag}"
        );
    }
}

#[test]
fn an_amount_that_cannot_be_read_does_not_hide_the_callback() {
    for (amount, received) in [
        (
            r#"{"currency":"IDR","value":"20.000,00"}"#,
            ReceivedAmount::Unreadable,
        ),
        (
            r#"{"currency":"USD","value":"1.00"}"#,
            ReceivedAmount::Unreadable,
        ),
        (
            r#"{"currency":"IDR","value":1e4}"#,
            ReceivedAmount::Unreadable,
        ),
        (
            r#"{"currency":"IDR","value":10000.00,"value":1}"#,
            ReceivedAmount::Unreadable,
        ),
        (r#"{"currency":"IDR","value":15000}"#, read(1_500_000)),
        ("null", ReceivedAmount::Absent),
    ] {
        let body = format!(
            r#"{{"originalPartnerReferenceNo":"r","latestTransactionStatus":"00","amount":{amount}}}"#
        );
        let note = Notification::parse(body.as_bytes()).unwrap();
        assert_eq!(note.amount, received, "{amount}");
        assert_eq!(note.our_reference.as_deref(), Some("r"));
    }
}

#[test]
fn live_and_documented_spellings_side_by_side_are_no_duplicates() {
    let body = br#"{"originalPartnerReferenceNo":"r","latestTransactionStatus":"02","amount":{"currency":"IDR","value":"1.00"},"transAmount":{"currency":"IDR","value":"2.00"},"additionalInfo":{"RRN":"1","rRN":"1"}}"#;
    let note = Notification::parse(body).unwrap();
    assert_eq!(note.amount, read(100));
    assert_eq!(note.status(), Some(ProviderStatus::Paying));
}

#[test]
fn callbacks_without_reference_or_status_or_with_duplicates_are_refused() {
    for (body, error) in [
        (
            r#"{"latestTransactionStatus":"00"}"#,
            MessageError::NoReference,
        ),
        (
            r#"{"originalPartnerReferenceNo":" ","latestTransactionStatus":"00"}"#,
            MessageError::NoReference,
        ),
        (
            r#"{"originalPartnerReferenceNo":"r"}"#,
            MessageError::NoStatus,
        ),
        (
            r#"{"originalPartnerReferenceNo":"r","originalPartnerReferenceNo":"s","latestTransactionStatus":"00"}"#,
            MessageError::Malformed,
        ),
        (
            r#"{"originalPartnerReferenceNo":"r","latestTransactionStatus":"03","latestTransactionStatus":"00"}"#,
            MessageError::Malformed,
        ),
        (
            r#"{"originalPartnerReferenceNo":"r","latestTransactionStatus":"00","additionalInfo":{"plh":"a","plh":"b"}}"#,
            MessageError::Malformed,
        ),
        ("[]", MessageError::Malformed),
        ("null", MessageError::Malformed),
        ("", MessageError::Malformed),
        ("{\"a\":1} ", MessageError::NoReference),
        ("{\"a\":1}x", MessageError::Malformed),
    ] {
        assert_eq!(
            Notification::parse(body.as_bytes()).err(),
            Some(error),
            "{body}"
        );
    }
    let by_link = br#"{"latestTransactionStatus":"00","additionalInfo":{"plh":"4DrzTTeCn9Z"}}"#;
    let note = Notification::parse(by_link).unwrap();
    assert_eq!(
        (note.our_reference, note.link_code.as_deref()),
        (None, Some("4DrzTTeCn9Z"))
    );
}
