//! Replies that are wrong in one place: another reference, amount or expiry, a QR that is not ours, no artefact,
//! a foreign URL.

use serde_json::{Map, Value, json};

use chrono::{DateTime, TimeDelta, Utc};

use crate::protocol::artefacts;
use crate::protocol::clock::{jakarta, parse_epoch};
use crate::protocol::refusal::Reply;
use crate::provider::faults::Action;

const REFERENCES: [&str; 3] = ["partnerReferenceNo", "originalPartnerReferenceNo", "trxId"];
const AMOUNTS: [&str; 2] = ["amount", "totalAmount"];
const ARTEFACTS: [&str; 6] = [
    "qrContent",
    "webRedirectUrl",
    "virtualAccountNo",
    "vaNumber",
    "paymentLink",
    "accessToken",
];
const EXPIRIES: [&str; 2] = ["expiredDate", "expiryDate"];
const URLS: [&str; 2] = ["webRedirectUrl", "paymentLink"];

/// Returns the reply, distorted.
pub(super) fn distorted(mut reply: Reply, action: &Action) -> Reply {
    distort(&mut reply.body, action);
    if let Some(Value::Object(data)) = reply.body.get_mut("virtualAccountData") {
        distort(data, action);
    }
    reply
}

fn distort(members: &mut Map<String, Value>, action: &Action) {
    match action {
        Action::WrongEchoReference => {
            replace(members, &REFERENCES, &json!("SOMEBODY-ELSES-REFERENCE"));
        }
        Action::WrongEchoAmount => {
            replace(
                members,
                &AMOUNTS,
                &json!({"value": "1.00", "currency": "IDR"}),
            );
            if let Some(Value::String(qr)) = members.get_mut("qrContent") {
                *qr = artefacts::other_qr(Some(1));
            }
        }
        Action::BrokenQr => {
            if let Some(Value::String(qr)) = members.get_mut("qrContent") {
                let last = if qr.pop() == Some('0') { '1' } else { '0' };
                qr.push(last);
            }
        }
        Action::StaticQr => replace(members, &["qrContent"], &json!(artefacts::other_qr(None))),
        Action::OtherAmountQr { rupiah } => {
            let qr = artefacts::other_qr(Some(*rupiah));
            replace(members, &["qrContent"], &json!(qr));
        }
        Action::OtherExpiry {
            from_now_seconds,
            shift_seconds,
        } => expiry(members, *from_now_seconds, *shift_seconds),
        Action::MissingArtefact => {
            members.retain(|name, _value| !ARTEFACTS.contains(&name.as_str()))
        }
        Action::RedirectElsewhere { url } => replace(members, &URLS, &json!(url)),
        _ => {}
    }
}

/// Moves the time, and keeps its spelling.
fn expiry(members: &mut Map<String, Value>, from_now: Option<i64>, shift: i64) {
    for name in EXPIRIES {
        let Some(Value::String(text)) = members.get_mut(name) else {
            continue;
        };
        let is_epoch = text.bytes().all(|byte| byte.is_ascii_digit());
        let asked = parse_epoch(text).or_else(|| parse_iso(text));
        let moved = match (from_now, asked) {
            (Some(seconds), _) => Utc::now() + TimeDelta::seconds(seconds),
            (None, Some(asked)) => asked + TimeDelta::seconds(shift),
            (None, None) => continue,
        };
        *text = if is_epoch {
            moved.timestamp().to_string()
        } else {
            jakarta(moved)
        };
    }
}

fn parse_iso(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

fn replace(members: &mut Map<String, Value>, names: &[&str], with: &Value) {
    for (name, value) in members.iter_mut() {
        if names.contains(&name.as_str()) {
            *value = with.clone();
        }
    }
}
