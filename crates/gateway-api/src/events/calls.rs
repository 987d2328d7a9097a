//! The calls about events, as they are documented.

use ayolinx_core::event::EventType;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::description::call::{
    Call, Parameter, keyed_errors, limit, one_of, query, read, string, text,
};
use crate::http::error::ErrorCode;

const EVENT_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The event's id.",
    schema: event_id,
};

const FEED_PARAMETERS: &[Parameter] = &[
    query("type", "Only of this type.", event_type),
    query(
        "after",
        "`next_cursor` of the page before; the beginning when absent.",
        text,
    ),
    query("limit", "How many, 50 when absent.", limit),
];

const LIST_EVENTS: Call = Call {
    description: "Every event once, also for those who have no webhook endpoint. Ask again with `after` = `next_cursor`, \
                  which is given on every page, also on an empty one. An event appears only when no earlier one can still appear.",
    errors: keyed_errors![],
    ..read(
        "list_events",
        "/v1/events",
        "Pull events",
        FEED_PARAMETERS,
        &[("200", "A page, oldest first.", Some("EventPage"))],
    )
};

const READ_EVENT: Call = read(
    "read_event",
    "/v1/events/{id}",
    "Read an event",
    &[EVENT_ID],
    &[("200", "The event.", Some("Event"))],
);

const EVENT_DELIVERIES: Call = read(
    "list_event_deliveries",
    "/v1/events/{id}/deliveries",
    "See how an event fares at each webhook endpoint",
    &[EVENT_ID],
    &[(
        "200",
        "Every delivery with its tries.",
        Some("DeliveryList"),
    )],
);

const REDELIVER_EVENT: Call = Call {
    id: "redeliver_event",
    verb: "POST",
    path: "/v1/events/{id}/redeliver",
    summary: "Redeliver an event",
    description: "To every enabled endpoint that wants its type, also where it was delivered or given up, with all tries \
                  before it. The body is absent or `{}`.",
    needs_key: true,
    parameters: &[EVENT_ID],
    body: None,
    replies: &[("202", "It is being sent.", Some("RedeliveredEvent"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        ValidationFailed,
    ],
};

const REDELIVER_RANGE: Call = Call {
    id: "redeliver_events",
    verb: "POST",
    path: "/v1/events/redeliver",
    summary: "Redeliver a range of events",
    description: "In the background, one range at a time: until its events have been queued another one is refused.",
    needs_key: true,
    parameters: &[],
    body: Some("RedeliverEvents"),
    replies: &[("202", "They are being sent.", Some("Redelivery"))],
    errors: keyed_errors![
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        StateConflict,
        ValidationFailed,
    ],
};

/// All event calls.
pub(crate) const CALLS: &[Call] = &[
    LIST_EVENTS,
    READ_EVENT,
    EVENT_DELIVERIES,
    REDELIVER_EVENT,
    REDELIVER_RANGE,
];

fn event_id() -> RefOr<Schema> {
    string().pattern(Some("^evt_[0-9a-f]{32}$")).into()
}

fn event_type() -> RefOr<Schema> {
    one_of(EventType::ALL.iter().map(|known| known.as_str()))
}
