//! Order requests that are right as they are, each with a reference of its own.

use serde_json::{Value, json};
use uuid::Uuid;

/// Every channel that is on by default, and the link (protocol 7.1, contract 5).
pub(crate) const CHANNELS: [&str; 12] = [
    "BNC_QRIS",
    "EMONEY_DANA_SNAP",
    "VIRTUAL_ACCOUNT_BNI",
    "VIRTUAL_ACCOUNT_CIMB",
    "VIRTUAL_ACCOUNT_MANDIRI",
    "VIRTUAL_ACCOUNT_BRI",
    "RETAIL_ALFAMART",
    "RETAIL_ALFAMIDI",
    "RETAIL_DANDAN",
    "RETAIL_PEGADAIAN",
    "RETAIL_POS_INDONESIA",
    "payment_link",
];

/// A name nobody has used.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}

/// The `payment` object of a channel, or of a method by its name.
pub(crate) fn of(channel: &str) -> Value {
    let method = match channel.split('_').next() {
        Some("BNC") => "qris",
        Some("EMONEY") => "ewallet",
        Some("VIRTUAL") => "virtual_account",
        Some("RETAIL") => "retail",
        _ => return json!({"method": channel}),
    };
    json!({"method": method, "channel": channel})
}

/// An order of Rp 25.000 to be paid through this channel (or by a method, by its name).
pub(crate) fn an_order(channel: &str) -> Value {
    json!({
        "reference": unique("INV"),
        "amount": {"value": "25000.00", "currency": "IDR"},
        "payment": of(channel),
        "description": "Kopi susu 3x",
        "customer": {
            "name": "Budi Santoso",
            "email": "budi@example.co.id",
            "phone": "081234567890",
        },
        "return_url": "https://shop.example.co.id/thanks",
    })
}

/// The object with these members instead of its own; null removes one.
pub(crate) fn with(mut object: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

/// The order request's reference.
pub(crate) fn reference(order: &Value) -> &str {
    order["reference"].as_str().unwrap()
}
