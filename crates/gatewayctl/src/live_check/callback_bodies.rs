//! The content of the callbacks, and the spelling of it that was hashed.

use serde_json::Value;

use super::callback_listener::Received;
use super::callback_signature::Signed;
use super::provider_http::shown;
use super::report::{Finding, on};

pub(crate) fn spelling(first: Option<&(Received, Option<Signed>)>) -> Finding {
    let asked = on(
        "4",
        "spelling of callback bodies that are hashed",
        "a paid QRIS",
    );
    match first {
        None => asked.open("no callback came"),
        Some((_, None)) => asked.open("its signature fits no known spelling"),
        Some((one, Some(signed))) => {
            let asked = asked.seen(shape(one));
            let reading = signed.body.say();
            if !signed.body.is_taken() {
                asked.unfit(format!(
                    "{reading}; the gateway hashes what it receives, and its minified form"
                ))
            } else if signed.bodies_agree {
                asked.right(format!(
                    "{reading}; this body is spelt alike in every known way"
                ))
            } else {
                asked.right(format!("{reading}, as the gateway checks"))
            }
        }
    }
}

fn shape(one: &Received) -> String {
    match one.json() {
        Value::Object(members) => {
            let all: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name}: {}", shown(name, value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
        _ => format!("{} bytes that are no JSON object", one.body.len()),
    }
}

/// Judges the members that sources disagree about.
pub(crate) fn content(first: Option<&Received>) -> Vec<Finding> {
    let amount = on("14", "type of amount.value", "a paid QRIS");
    let spelling = on(
        "31",
        "spelling of RRN, value of callbackType",
        "a paid QRIS",
    );
    let lean = on("32", "members missing in QRIS callbacks", "a paid QRIS");
    let Some(one) = first else {
        let none = "no callback came";
        return vec![amount.open(none), spelling.open(none), lean.open(none)];
    };
    let body = one.json();
    let seen = shape(one);
    let value = body.get("amount").and_then(|amount| amount.get("value"));
    let amount = amount.seen(&seen);
    let amount = match value {
        Some(Value::String(_)) => amount.right("text; the gateway reads both and sends text"),
        Some(Value::Number(_)) => amount.right("a number; the gateway reads both and sends text"),
        Some(_) => amount.unfit("neither text nor number: read as absent"),
        None => amount.right("absent; the gateway asks before it calls anything paid"),
    };
    let name = ["RRN", "rRN"]
        .into_iter()
        .find(|name| member(&body, name).is_some());
    let kind = member(&body, "callbackType").and_then(Value::as_str);
    let spelling = spelling.seen(&seen).right(format!(
        "{}, callbackType {}; the gateway goes by neither",
        name.unwrap_or("no RRN"),
        kind.unwrap_or("absent")
    ));
    let missing: Vec<&str> = ["amount", "finishedTime", "channel"]
        .into_iter()
        .filter(|name| member(&body, name).is_none())
        .collect();
    let lean = lean.seen(&seen);
    let is_named = ["originalPartnerReferenceNo", "latestTransactionStatus"]
        .into_iter()
        .all(|name| body.get(name).is_some());
    let lean = if !is_named {
        lean.unfit("reference or status is missing: the gateway cannot place it")
    } else if missing.is_empty() {
        lean.right("none is missing")
    } else {
        lean.right(format!(
            "{} missing; the gateway needs none of them",
            missing.join(", ")
        ))
    };
    vec![amount, spelling, lean]
}

/// Returns a member's text of a callback.
fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name)
        .or_else(|| body.get("additionalInfo").and_then(|info| info.get(name)))
}
