//! The JSON of events as types, for the document only.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use serde::Serialize;
use utoipa::ToSchema;

use crate::orders::schemas::Order;

/// What an event tells.
#[derive(Serialize, ToSchema)]
pub(crate) enum EventTypeName {
    #[serde(rename = "order.payable")]
    OrderPayable,
    #[serde(rename = "order.paid")]
    OrderPaid,
    #[serde(rename = "order.paid_late")]
    OrderPaidLate,
    #[serde(rename = "order.overpaid")]
    OrderOverpaid,
    #[serde(rename = "order.expired")]
    OrderExpired,
    #[serde(rename = "order.cancelled")]
    OrderCancelled,
    #[serde(rename = "order.failed")]
    OrderFailed,
    #[serde(rename = "order.review_required")]
    OrderReviewRequired,
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    #[serde(rename = "webhook.test")]
    WebhookTest,
}

/// Which events are to be sent again.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeliverEvents {
    /// Made at or after.
    #[schema(format = DateTime)]
    from: String,
    /// Made before; at most 31 days after `from`, and at most 10,000 events in between.
    #[schema(format = DateTime)]
    to: String,
    /// Only of this type; all but tests when absent.
    #[serde(rename = "type")]
    #[schema(value_type = Option<EventTypeName>)]
    event_type: Option<String>,
}

/// An event: the very body of its webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    /// Also the `webhook-id`: what tells a repetition.
    #[schema(pattern = "^evt_[0-9a-f]{32}$")]
    id: String,
    #[serde(rename = "type")]
    #[schema(value_type = EventTypeName)]
    event_type: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    data: EventData,
}

/// What an event is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventData {
    /// The order as it was at that version; absent in a test.
    #[schema(nullable = false)]
    order: Option<Order>,
}

/// A page of the feed.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// In the order in which they became visible; no earlier one appears later.
    data: Vec<Event>,
    /// `after` of the next call, always given: also at the end, to poll on from there.
    next_cursor: String,
    /// Whether more is there already.
    has_more: bool,
}
