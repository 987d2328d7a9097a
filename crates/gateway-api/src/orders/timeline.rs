//! The timeline of an order as shops see it: one flat shape for all kinds of entries.

use ayolinx_core::order_view::jakarta_millis;
use ledger::TimelineItem;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything that happened to an order, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Timeline {
    /// The entries, oldest first. Secrets are left out, and of long digit runs only the last four digits are
    /// shown.
    pub data: Vec<TimelineItemView>,
}

impl Timeline {
    /// Returns the view of the items.
    #[must_use]
    pub fn new(items: Vec<TimelineItem>) -> Self {
        Self {
            data: items.into_iter().map(TimelineItemView::new).collect(),
        }
    }
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TimelineItem)]
pub struct TimelineItemView {
    /// The time of the entry.
    #[schema(format = DateTime)]
    pub at: String,
    /// The kind of entry. `request`: the gateway received a request; `provider_request`: the gateway sent a
    /// request to the provider; `provider_reply`: the provider answered, or did not; `callback`: the provider
    /// sent a callback; `state_change`: the payment or order changed state, or a callback was evaluated;
    /// `event`: an event was written; `webhook`: an attempt to deliver an event ended.
    #[schema(
        pattern = "^(request|callback|provider_request|provider_reply|state_change|event|webhook)$"
    )]
    pub kind: &'static str,
    /// The source of the entry: `merchant`, `payer`, `operator`, `provider`, `provider_call`,
    /// `provider_reply`, `inquiry`, `callback`, `resolver`, `expiry`, `other_payment`, `retention`, `gateway`,
    /// `endpoint`.
    #[schema(example = "merchant")]
    pub source: String,
    /// The entry in one word: what became known of the payment, the call, the outcome of a callback, the
    /// event's type, or the outcome of a delivery attempt.
    #[schema(example = "order_created")]
    pub fact: String,
    /// The payment, when it is about one.
    #[schema(required)]
    pub payment_id: Option<String>,
    /// The payment's state before.
    #[schema(required)]
    pub payment_status_from: Option<String>,
    /// The payment's state after.
    #[schema(required)]
    pub payment_status_to: Option<String>,
    /// The order's state before.
    #[schema(required)]
    pub order_status_from: Option<String>,
    /// The order's state after.
    #[schema(required)]
    pub order_status_to: Option<String>,
    /// The order's version after it.
    #[schema(required)]
    pub version: Option<i32>,
    /// The event, with `event` and `webhook`.
    #[schema(required)]
    pub event_id: Option<String>,
    /// The endpoint, with `webhook`.
    #[schema(required)]
    pub endpoint_id: Option<String>,
    /// The endpoint's HTTP status, with `webhook`.
    #[schema(required)]
    pub http_status: Option<i16>,
    /// The duration of the attempt in milliseconds, with `webhook`.
    #[schema(required)]
    pub duration_ms: Option<i32>,
    /// Further detail for people.
    #[schema(required)]
    pub detail: Option<String>,
}

impl TimelineItemView {
    fn new(item: TimelineItem) -> Self {
        Self {
            at: jakarta_millis(item.at),
            kind: item.kind.as_str(),
            source: item.source,
            fact: item.fact,
            payment_id: item.payment_id.map(|id| id.to_string()),
            payment_status_from: item.payment_status.0,
            payment_status_to: item.payment_status.1,
            order_status_from: item.order_status.0,
            order_status_to: item.order_status.1,
            version: item.version,
            event_id: item.event_id.map(|id| id.to_string()),
            endpoint_id: item.endpoint_id.map(|id| id.to_string()),
            http_status: item.http_status,
            duration_ms: item.duration_ms,
            detail: item.detail,
        }
    }
}
