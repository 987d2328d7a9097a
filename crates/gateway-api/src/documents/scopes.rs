//! The scopes that a key needs for each call; any one of those named is enough. A test tries each.

/// Returns the scopes of an `operationId`.
pub(super) fn scopes_of(id: &str) -> &'static [&'static str] {
    match id {
        "create_order" | "add_payment" | "cancel_order" | "sync_order" => &["orders"],
        "ask_refund" | "complete_refund" | "cancel_refund" | "resolve_review" => &["refunds"],
        "list_refunds" => &["read", "refunds"],
        "list_channels" => &["read", "orders"],
        "list_events"
        | "read_event"
        | "list_event_deliveries"
        | "list_webhook_endpoints"
        | "read_webhook_endpoint" => &["read", "webhooks"],
        "redeliver_event"
        | "redeliver_events"
        | "create_webhook_endpoint"
        | "change_webhook_endpoint"
        | "delete_webhook_endpoint"
        | "rotate_webhook_secret"
        | "test_webhook_endpoint" => &["webhooks"],
        _ => &["read"],
    }
}
