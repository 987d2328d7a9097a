//! Events and their deliveries, as shops see them.

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
    /// The cursor to continue from, always present.
    pub next_cursor: String,
    /// `true` when more events are available already.
    pub has_more: bool,
}

/// The deliveries of an event, one for each endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryList {
    /// The deliveries, oldest endpoint first.
    pub data: Vec<DeliveryView>,
}

impl DeliveryList {
    /// Returns the view of the lines.
    #[must_use]
    pub fn new(lines: Vec<DeliveryLine>) -> Self {
        Self {
            data: lines.into_iter().map(DeliveryView::new).collect(),
        }
    }
}

/// The delivery of an event to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The ID of the endpoint.
    #[schema(pattern = "^whe_[0-9a-f]{32}$")]
    pub endpoint_id: String,
    /// The URL of the endpoint.
    pub url: String,
    /// The state of the delivery. `due`: being attempted, or waiting for its next attempt or for its
    /// endpoint to be enabled; `delivered`; `dead`: the last attempt failed; `ended`: the endpoint was
    /// deleted first, or was disabled for longer than all attempts take. Use `redeliver` to send an
    /// event with an ended delivery again.
    #[schema(pattern = "^(due|delivered|dead|ended)$")]
    pub state: &'static str,
    /// The number of delivery attempts.
    pub tries: usize,
    /// The HTTP status of the last attempt, when it had one.
    #[schema(required)]
    pub last_status: Option<i16>,
    /// The time of the next attempt; `null` when there is none, or when the delivery waits for its
    /// endpoint to be enabled.
    #[schema(format = DateTime, required)]
    pub next_try_at: Option<String>,
    /// Every attempt, oldest first.
    pub attempts: Vec<TryView>,
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct TryView {
    /// The time at which the attempt ended.
    #[schema(format = DateTime)]
    pub at: String,
    /// The outcome of the attempt: `delivered`, `http_status`, `put_off` (the endpoint sent
    /// `Retry-After`), `gone`, `timeout`, `dns`, `connect`, `disconnected`, `bad_response`,
    /// `url_refused`.
    #[schema(example = "http_status")]
    pub outcome: String,
    /// The HTTP status, when there was one.
    #[schema(required)]
    pub status: Option<i16>,
    /// The duration of the attempt in milliseconds.
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
    /// The ID of the event.
    #[schema(pattern = "^evt_[0-9a-f]{32}$")]
    pub event_id: String,
    /// The number of endpoints it is sent to: the enabled ones that want its type.
    pub deliveries: usize,
}

/// A range of events that is sent again, in the background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Redelivery)]
pub struct RedeliveryView {
    /// Always `redelivery`.
    pub object: &'static str,
    /// The start of the range: events made at or after this time.
    #[schema(format = DateTime)]
    pub from: String,
    /// The end of the range: events made before this time.
    #[schema(format = DateTime)]
    pub to: String,
    /// The type of the events; `null` for all types.
    #[serde(rename = "type")]
    #[schema(required)]
    pub event_type: Option<&'static str>,
    /// The number of events in the range.
    pub events: i64,
}

impl RedeliveryView {
    /// Returns the view of a range with this many events.
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
