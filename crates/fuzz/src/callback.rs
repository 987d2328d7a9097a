//! Callbacks: a verified one says what a second reading of the signed bytes says, or is refused;
//! anything else that is changed on the way is rejected.

use std::sync::OnceLock;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use ayolinx_core::json_style::minify;
use ayolinx_core::messages::ReceivedAmount;
use ayolinx_core::messages::notification::{Notification, Report};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ApiCall, ClientSecret, sign_api_call};
use callback_worker::callback_path::CallbackPath;
use callback_worker::verify::{Received, Verdict, VerifiedCallback, Verifier};
use chrono::DateTime;

use crate::reading::{Tree, minor_units, read};

const TOKEN: &str = "a-token";
const TIMESTAMP: &str = "2026-11-21T10:15:30+07:00";

/// Takes path and signed form from the first byte, the place of a change from the second.
pub(crate) fn run(data: &[u8]) {
    let Some(([choice, place], body)) = data.split_first_chunk::<2>() else {
        return;
    };
    let path = CallbackPath::ALL
        .get(usize::from(choice % 4))
        .copied()
        .unwrap_or(CallbackPath::Qris);
    let small = minify(signed_text(body));
    let signed = if choice & 4 == 0 { body } else { &small };
    let Verdict::NeedsToken(callback, _) = judge(path, signed, path, body) else {
        panic!("the provider's own signature is refused");
    };
    assert_eq!(&*callback.body, body, "other bytes are kept");
    agrees(&callback, signed);
    let other = CallbackPath::ALL.into_iter().find(|other| *other != path);
    if let Some(other) = other.filter(|_| choice & 8 == 0) {
        rejected(&judge(path, signed, other, body), "on another path");
    }
    if let Some(changed) = changed(body, usize::from(*place), *choice)
        && changed != signed
        && minify(&changed) != signed
        && minify(signed_text(&changed)) != signed
    {
        rejected(&judge(path, signed, path, &changed), "with another body");
    }
}

/// Returns the text behind a byte order mark.
fn signed_text(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Returns the verdict on `body` at `path`, under a signature over `signed` for `signed_path`.
fn judge(signed_path: CallbackPath, signed: &[u8], path: CallbackPath, body: &[u8]) -> Verdict {
    static KEYS: OnceLock<(ClientSecret, Verifier)> = OnceLock::new();
    let (secret, verifier) = KEYS.get_or_init(|| {
        let Ok(secret) = ClientSecret::new(Secret::new("a secret that only tests use".to_owned()))
        else {
            panic!("the secret is one");
        };
        let verifier = Verifier::new(Vec::new(), vec![secret.clone()]);
        (secret, verifier)
    });
    let call = ApiCall {
        path: signed_path.as_str(),
        token: TOKEN,
        body: signed,
        timestamp: TIMESTAMP,
    };
    let signature = sign_api_call(secret, &call);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("authorization", format!("Bearer {TOKEN}")),
        ("x-timestamp", TIMESTAMP.to_owned()),
        ("x-signature", signature),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    verifier.verify(&Received {
        path,
        received_path: path.as_str(),
        query: None,
        headers: &headers,
        body: Bytes::copy_from_slice(body),
        received_at: DateTime::UNIX_EPOCH,
    })
}

fn rejected(verdict: &Verdict, how: &str) {
    let rejected = matches!(verdict, Verdict::Rejected(_));
    assert!(rejected, "a signed callback was taken {how}");
}

/// Returns the body with one byte turned into another.
fn changed(body: &[u8], place: usize, by: u8) -> Option<Vec<u8>> {
    let mut changed = body.to_vec();
    let at = place.checked_rem(changed.len())?;
    let byte = changed.get_mut(at)?;
    *byte ^= by | 1;
    Some(changed)
}

/// Compares what was read of the signed bytes with the second reading.
fn agrees(callback: &VerifiedCallback, signed: &[u8]) {
    let Ok(notification) = &callback.notification else {
        return;
    };
    let Some(tree @ Tree::Object(_)) = read(signed) else {
        panic!("a notification was read from what is no JSON object");
    };
    for name in ["latestTransactionStatus", "amount", "trxId", "paidAmount"] {
        assert!(tree.count(name) <= 1, "{name} stands twice and was read");
    }
    let scalar = |name: &str| tree.at(name).and_then(Tree::scalar);
    let reference = scalar("originalPartnerReferenceNo")
        .or_else(|| scalar("trxId"))
        .or_else(|| scalar("partnerReferenceNo"));
    assert_eq!(notification.our_reference, reference.as_deref().map(ours));
    let info = tree.at("additionalInfo");
    let of_info = |name: &str| info.and_then(|info| info.at(name)).and_then(Tree::scalar);
    assert_eq!(notification.link_code, of_info("plh").as_deref().map(ours));
    assert_eq!(notification.channel, of_info("channel"));
    assert!(reference.is_some() || notification.link_code.is_some());
    assert_eq!(notification.payment_request_id, scalar("paymentRequestId"));
    let paid = amount(tree.at("paidAmount"));
    match (&notification.report, scalar("latestTransactionStatus")) {
        (Report::Status(status), Some(code)) => {
            assert_eq!(status.code(), code.trim());
            let expected = [
                amount(tree.at("amount")),
                amount(tree.at("transAmount")),
                paid,
            ];
            assert_eq!(notification.amount, first(expected));
        }
        (Report::SnapVa { flag, .. }, None) => {
            assert_eq!(*flag, scalar("paymentFlagStatus"));
            assert_eq!(notification.amount, paid);
        }
        (report, code) => panic!("{report:?} of a body that says {code:?}"),
    }
    is_success_only_when_said(notification, &tree);
}

/// Returns a reference as we would spell it.
fn ours(named: &str) -> String {
    let named = named.trim();
    match u128::from_str_radix(named, 16) {
        Ok(number) if named.len() == 32 && !named.starts_with('+') => format!("{number:032x}"),
        _ => named.to_owned(),
    }
}

fn is_success_only_when_said(notification: &Notification, tree: &Tree) {
    use ayolinx_core::messages::ProviderStatus;
    if notification.status() != Some(ProviderStatus::Success) {
        return;
    }
    let code = tree.at("latestTransactionStatus").and_then(Tree::scalar);
    let flag = tree.at("paymentFlagStatus").and_then(Tree::scalar);
    let said = match code {
        Some(code) => code.trim() == "00",
        None => flag.is_none_or(|flag| flag.trim() == "00"),
    };
    assert!(said, "a success that nobody reported");
}

fn first(amounts: [ReceivedAmount; 3]) -> ReceivedAmount {
    let mut there = amounts.into_iter().filter(|amount| !amount.is_absent());
    there.next().unwrap_or(ReceivedAmount::Absent)
}

/// Reads an amount object as protocol 2.3 demands.
fn amount(tree: Option<&Tree>) -> ReceivedAmount {
    use ayolinx_core::money::{Amount, Currency};
    let Some(tree) = tree else {
        return ReceivedAmount::Absent;
    };
    let members = match tree {
        Tree::Null => return ReceivedAmount::Absent,
        Tree::Text(Some(text)) if text.is_empty() => return ReceivedAmount::Absent,
        Tree::List(items) if items.is_empty() => return ReceivedAmount::Absent,
        Tree::Object(members) => members,
        _ => return ReceivedAmount::Unreadable,
    };
    let whole = members.iter().all(|(name, _)| name.is_some());
    let halves = ["value", "currency"]
        .iter()
        .any(|name| tree.count(name) > 1 || tree.at(name) == Some(&Tree::Text(None)));
    if !whole || halves {
        return ReceivedAmount::Unreadable;
    }
    let Some(value) = tree.at("value").and_then(Tree::scalar) else {
        return ReceivedAmount::Absent;
    };
    let currency = tree.at("currency").and_then(Tree::scalar);
    let read = minor_units(&value)
        .filter(|_| currency.is_none_or(|currency| currency == "IDR"))
        .and_then(|minor| Amount::from_minor(minor, Currency::Idr).ok());
    read.map_or(ReceivedAmount::Unreadable, ReceivedAmount::Read)
}
