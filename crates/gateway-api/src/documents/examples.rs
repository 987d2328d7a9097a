//! Examples of requests and replies. They are kept in a file, and tests check them against the schemas
//! and the running service.

use serde_json::{Value, json};

/// The request id in every example that has one.
pub(super) const REQUEST_ID: &str = "0b7b3c0d5f7e4f0e9a4c2f6d8e1a3b5c";

const FILE: &str = include_str!("examples.json");

/// Returns an example body for a call.
pub(super) fn request_of(id: &str) -> Option<Value> {
    member("requests", id)
}

/// Returns an example body for a schema.
pub(super) fn reply_of(schema: &str) -> Option<Value> {
    let list_of = |name: &str| Some(json!([member("replies", name)?]));
    let event = || {
        Some(json!({
            "id": "evt_01a1fd49a167725c8ba6f8a780d27cb2",
            "type": "order.payable",
            "timestamp": "2026-11-21T14:00:00.420+07:00",
            "data": {"order": member("replies", "Order")?},
        }))
    };
    match schema {
        "OrderPage" => Some(json!({"data": list_of("Order")?, "next_cursor": null})),
        "RefundList" => Some(json!({"data": list_of("Refund")?})),
        "WebhookEndpointList" => Some(json!({"data": list_of("WebhookEndpoint")?})),
        "Event" => event(),
        "EventPage" => {
            let next = "AAAAAAAAAAEBof1JoWdyXIum-KeA0nyyh2YPQQ";
            Some(json!({"data": [event()?], "next_cursor": next, "has_more": false}))
        }
        name => member("replies", name),
    }
}

/// Reads a member of the file. The file is short; callers keep the whole document.
fn member(part: &str, name: &str) -> Option<Value> {
    let mut file: Value = serde_json::from_str(FILE).ok()?;
    let found = file.get_mut(part)?.get_mut(name)?;
    Some(found.take())
}
