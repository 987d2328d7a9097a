//! Events and how they fare, as shops see them.

use ayolinx_core::order_view::jakarta_millis;
use ledger::{DeliveryLine, RedeliveryRange};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A page of the feed. Its items are webhook bodies, byte for byte.
#[derive(Debug, Serialize)]
pub struct EventList {
    /// The events, in the order of the feed.
    pub data: Vec<Box<RawValue>>,
    /// Where to go on, always.
    pub next_cursor: String,
    /// Whether more is there already.
    pub has_more: bool,
}

/// How an event fares at each endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryList {
    /// One for each endpoint, oldest endpoint first.
    pub data: Vec<DeliveryView>,
}

impl DeliveryList {
    /// The view of the lines.
    #[must_use]
    pub fn new(lines: Vec<DeliveryLine>) -> Self {
        Self {
            data: lines.into_iter().map(DeliveryView::new).collect(),
        }
    }
}

/// An event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The endpoint.
    #[schema(pattern = "^whe_[0-9a-f]{32}$")]
    pub endpoint_id: String,
    /// Where to.
    pub url: String,
    /// `due`: being tried, or waiting for its next try or for its endpoint to be enabled; `delivered`;
    /// `dead`: the last try failed; `ended`: the endpoint was deleted first, or was disabled for longer
    /// than all tries take. An event that ended is sent again by `redeliver`.
    #[schema(pattern = "^(due|delivered|dead|ended)$")]
    pub state: &'static str,
    /// How often it was tried.
    pub tries: usize,
    /// HTTP status of the last try, when it had one.
    #[schema(required)]
    pub last_status: Option<i16>,
    /// When it is tried next; `null` when it is not, or waits for its endpoint to be enabled.
    #[schema(format = DateTime, required)]
    pub next_try_at: Option<String>,
    /// Every try, oldest first.
    pub attempts: Vec<TryView>,
}

/// One try to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct TryView {
    /// When it ended.
    #[schema(format = DateTime)]
    pub at: String,
    /// `delivered`, `http_status`, `put_off` (it named a `Retry-After`), `gone`, `timeout`, `dns`,
    /// `connect`, `disconnected`, `bad_response`, `url_refused`.
    #[schema(example = "http_status")]
    pub outcome: String,
    /// HTTP status, when there was one.
    #[schema(required)]
    pub status: Option<i16>,
    /// How long it took.
    pub duration_ms: i32,
}

impl DeliveryView {
    fn new(line: DeliveryLine) -> Self {
        Self {
            endpoint_id: line.endpoint_id.to_string(),
            url: line.url,
            state: line.state,
            tries: line.tries.len(),
            last_status: line.tries.last().and_then(|last| last.status),
            next_try_at: line.next_try_at.map(jakarta_millis),
            attempts: line
                .tries
                .into_iter()
                .map(|tried| TryView {
                    at: jakarta_millis(tried.at),
                    outcome: tried.outcome,
                    status: tried.status,
                    duration_ms: tried.duration_ms,
                })
                .collect(),
        }
    }
}

/// An event that is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RedeliveredEvent)]
pub struct RedeliveredView {
    /// The event.
    #[schema(pattern = "^evt_[0-9a-f]{32}$")]
    pub event_id: String,
    /// To how many endpoints: the enabled ones that want its type.
    pub deliveries: usize,
}

/// A range of events that is sent again, in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Redelivery)]
pub struct RedeliveryView {
    /// Always `redelivery`.
    pub object: &'static str,
    /// Events made at or after.
    #[schema(format = DateTime)]
    pub from: String,
    /// Events made before.
    #[schema(format = DateTime)]
    pub to: String,
    /// Of this type; `null` for all.
    #[serde(rename = "type")]
    #[schema(required)]
    pub event_type: Option<&'static str>,
    /// How many events are in it.
    pub events: i64,
}

impl RedeliveryView {
    /// The view of a range with so many events.
    #[must_use]
    pub fn new(range: &RedeliveryRange, events: i64) -> Self {
        Self {
            object: "redelivery",
            from: jakarta_millis(range.from),
            to: jakarta_millis(range.to),
            event_type: range.event_type.map(|event_type| event_type.as_str()),
            events,
        }
    }
}
