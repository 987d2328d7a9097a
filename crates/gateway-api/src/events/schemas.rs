//! The JSON of events as types, for the document only.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use serde::Serialize;
use utoipa::ToSchema;

use crate::orders::schemas::Order;

/// The type of an event.
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

/// The range of events to send again.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeliverEvents {
    /// The start of the range: events made at or after this time are sent.
    #[schema(format = DateTime)]
    from: String,
    /// The end of the range: events made before this time are sent. At most 31 days after `from`, with
    /// at most 10,000 events in between.
    #[schema(format = DateTime)]
    to: String,
    /// The type of the events to send; all types except `webhook.test` when absent.
    #[serde(rename = "type")]
    #[schema(value_type = Option<EventTypeName>)]
    event_type: Option<String>,
}

/// An event, identical to the body of its webhook.
#[derive(Serialize, ToSchema)]
pub(crate) struct Event {
    /// The event's ID, also sent as `webhook-id`. Use it to recognize duplicates.
    #[schema(pattern = "^evt_[0-9a-f]{32}$")]
    id: String,
    #[serde(rename = "type")]
    #[schema(value_type = EventTypeName)]
    event_type: String,
    /// The time at which the event happened.
    #[schema(format = DateTime)]
    timestamp: String,
    data: EventData,
}

/// The data of an event.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventData {
    /// The order at the version of the event; absent in a test event.
    #[schema(nullable = false)]
    order: Option<Order>,
}

/// A page of the feed.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The events, in the order in which they became visible; no earlier event appears later.
    data: Vec<Event>,
    /// The cursor to send as `after` in the next call. It is always present, so you can keep
    /// polling from the end of the feed.
    next_cursor: String,
    /// `true` when more events are available already.
    has_more: bool,
}
