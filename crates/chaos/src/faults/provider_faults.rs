//! The provider's own misbehaviour during a run: every outcome class of a create, and callbacks that
//! are repeated, overtaken, altered, too old or wrongly signed, all at seeded rates.

use serde_json::{Value, json};

const CREATES: [&str; 5] = [
    "qris_generate",
    "ewallet_payment",
    "va_create",
    "retail_create",
    "link_create",
];

const INQUIRIES: [&str; 4] = ["qris_query", "ewallet_status", "va_inquiry", "retail_query"];

/// A call, its odds, and the fault.
type Rule = (&'static str, &'static str, Value);

/// Builds the rules for the sandbox.
#[must_use]
pub fn rules(seed: u64) -> Value {
    let creates = CREATES.into_iter().flat_map(of_create);
    let inquiries = INQUIRIES.into_iter().flat_map(of_inquiry);
    let all = creates.chain(inquiries).chain(of_callbacks());
    (0_u64..)
        .zip(all)
        .map(|(number, (call, probability, action))| {
            let probability: Value = serde_json::from_str(probability).unwrap_or_default();
            // Smaller seeds survive every reader of JSON.
            let seed = seed.wrapping_add(number) & 0xFFFF_FFFF;
            json!({"call": call, "probability": probability, "seed": seed, "action": action})
        })
        .collect()
}

fn of_create(call: &'static str) -> Vec<Rule> {
    let done = |kind: &str| json!({"kind": kind, "after_effect": true});
    vec![
        (call, "0.015", json!("drop_before_effect")),
        (call, "0.015", json!("drop_after_effect")),
        (call, "0.01", json!("reset_before_effect")),
        (call, "0.015", json!("reset_after_effect")),
        (
            call,
            "0.015",
            json!({"kind": "hang", "after_effect": true, "ms": 9_000}),
        ),
        (call, "0.01", done("garbage")),
        (call, "0.01", done("garbage_body")),
        (call, "0.01", done("half_status_line")),
        (call, "0.01", json!("truncate")),
        (
            call,
            "0.01",
            json!({"kind": "html_502", "after_effect": false}),
        ),
        (call, "0.015", json!("http_500_after_effect")),
        (call, "0.015", done("in_progress_202")),
        (call, "0.01", json!("wrong_echo_reference")),
        (call, "0.01", json!("missing_artefact")),
        (
            call,
            "0.03",
            json!({"kind": "drip", "bytes_per_second": 400}),
        ),
        (call, "0.01", conflict(call, "00")),
        (call, "0.015", conflict(call, "01")),
        (call, "0.01", busy(call)),
    ]
}

fn of_inquiry(call: &'static str) -> Vec<Rule> {
    vec![
        (call, "0.02", json!("drop_before_effect")),
        (call, "0.02", json!({"kind": "delay", "ms": 700})),
        (
            call,
            "0.01",
            json!({"kind": "html_502", "after_effect": false}),
        ),
    ]
}

fn of_callbacks() -> Vec<Rule> {
    let call = "callback";
    vec![
        (call, "0.08", json!({"kind": "duplicate", "times": 4})),
        (call, "0.01", json!({"kind": "duplicate", "times": 19})),
        (call, "0.06", json!("reorder")),
        (call, "0.03", json!("wrong_signature")),
        (call, "0.02", json!("stale_timestamp")),
        (call, "0.05", json!({"kind": "delay", "ms": 400})),
    ]
}

/// Returns the 409 of the call's SNAP service: `00` for a reused external id, nothing done; `01`
/// for a reference that exists, since it was done.
fn conflict(call: &str, case: &str) -> Value {
    json!({
        "kind": "error", "http_status": 409, "response_code": format!("409{}{case}", service(call)),
        "message": "Conflict", "after_effect": case == "01",
    })
}

fn busy(call: &str) -> Value {
    json!({
        "kind": "error", "http_status": 429, "response_code": format!("429{}00", service(call)),
        "message": "Too Many Requests", "after_effect": false,
    })
}

fn service(call: &str) -> &'static str {
    match call {
        "qris_generate" => "47",
        "va_create" => "27",
        "ewallet_payment" | "retail_create" => "54",
        _ => "00",
    }
}
