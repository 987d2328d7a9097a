//! Replies that are wrong in one place: another reference, another amount, no artefact, a foreign URL.

use serde_json::{Map, Value, json};

use crate::artefacts::one_rupiah_qr;
use crate::faults::Action;
use crate::refusal::Reply;

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
const URLS: [&str; 2] = ["webRedirectUrl", "paymentLink"];

/// The reply, distorted.
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
                *qr = one_rupiah_qr();
            }
        }
        Action::MissingArtefact => {
            members.retain(|name, _value| !ARTEFACTS.contains(&name.as_str()))
        }
        Action::RedirectElsewhere { url } => replace(members, &URLS, &json!(url)),
        _ => {}
    }
}

fn replace(members: &mut Map<String, Value>, names: &[&str], with: &Value) {
    for (name, value) in members.iter_mut() {
        if names.contains(&name.as_str()) {
            *value = with.clone();
        }
    }
}
