//! The calls about webhook endpoints, events and timelines.

use ayolinx_core::event::EventType;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::documents::calls::{
    Call, KEY_HEADER, ORDER_ID, Parameter, keyed_errors, limit, one_of, query, string, text,
};
use crate::http::error::ErrorCode;

const ENDPOINTS: &str = "/v1/webhook-endpoints";
const ENDPOINT: &str = "/v1/webhook-endpoints/{id}";

const ENDPOINT_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The endpoint's id.",
    schema: endpoint_id,
};

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

const fn read(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    replies: &'static [(&'static str, &'static str, Option<&'static str>)],
) -> Call {
    Call {
        id,
        verb: "GET",
        path,
        summary,
        description: "",
        needs_key: true,
        parameters,
        body: None,
        replies,
        errors: keyed_errors![NotFound],
    }
}

const CREATE_ENDPOINT: Call = Call {
    id: "create_webhook_endpoint",
    verb: "POST",
    path: ENDPOINTS,
    summary: "Make a webhook endpoint",
    description: "Its `secret` is in this reply and never shown again. Events from now on go to it. At most 100.",
    needs_key: true,
    parameters: &[KEY_HEADER],
    body: Some("CreateWebhookEndpoint"),
    replies: &[("201", "Made.", Some("WebhookEndpointWithSecret"))],
    errors: keyed_errors![
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        RequestInProgress,
        StateConflict,
        ValidationFailed,
        IdempotencyKeyReused,
    ],
};

const LIST_ENDPOINTS: Call = Call {
    errors: keyed_errors![],
    ..read(
        "list_webhook_endpoints",
        ENDPOINTS,
        "List webhook endpoints, oldest first",
        &[],
        &[("200", "All of them.", Some("WebhookEndpointList"))],
    )
};

const READ_ENDPOINT: Call = read(
    "read_webhook_endpoint",
    ENDPOINT,
    "Read a webhook endpoint",
    &[ENDPOINT_ID],
    &[("200", "The endpoint.", Some("WebhookEndpoint"))],
);

const CHANGE_ENDPOINT: Call = Call {
    id: "change_webhook_endpoint",
    verb: "PATCH",
    path: ENDPOINT,
    summary: "Change a webhook endpoint",
    description: "Enabling it clears `disabled_reason` and sends what waits for it.",
    needs_key: true,
    parameters: &[ENDPOINT_ID],
    body: Some("ChangeWebhookEndpoint"),
    replies: &[("200", "Changed.", Some("WebhookEndpoint"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        ValidationFailed,
    ],
};

const DELETE_ENDPOINT: Call = Call {
    id: "delete_webhook_endpoint",
    verb: "DELETE",
    path: ENDPOINT,
    summary: "Delete a webhook endpoint",
    description: "What waits for it is not sent any more.",
    needs_key: true,
    parameters: &[ENDPOINT_ID],
    body: None,
    replies: &[("204", "Deleted.", None)],
    errors: keyed_errors![NotFound],
};

const ROTATE_SECRET: Call = Call {
    id: "rotate_webhook_secret",
    verb: "POST",
    path: "/v1/webhook-endpoints/{id}/rotate-secret",
    summary: "Give a webhook endpoint a new secret",
    description: "For 24 hours its webhooks carry two signatures, by the new secret and by the one before. \
                  The new one is shown this once. The body is absent or `{}`.",
    needs_key: true,
    parameters: &[ENDPOINT_ID, KEY_HEADER],
    body: None,
    replies: &[("200", "Rotated.", Some("WebhookEndpointWithSecret"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        RequestInProgress,
        ValidationFailed,
        IdempotencyKeyReused,
    ],
};

const TEST_ENDPOINT: Call = Call {
    id: "test_webhook_endpoint",
    verb: "POST",
    path: "/v1/webhook-endpoints/{id}/test",
    summary: "Send a test event to a webhook endpoint",
    description: "A `webhook.test` event goes to this endpoint alone, whatever types it wants. The body is absent or `{}`.",
    needs_key: true,
    parameters: &[ENDPOINT_ID, KEY_HEADER],
    body: None,
    replies: &[("202", "It is being sent.", Some("Event"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        RequestInProgress,
        StateConflict,
        ValidationFailed,
        IdempotencyKeyReused,
    ],
};

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
    summary: "Send an event again",
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
    summary: "Send the events of a range again",
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

const TIMELINE: Call = read(
    "read_order_timeline",
    "/v1/orders/{id}/timeline",
    "See everything that happened to an order",
    &[ORDER_ID],
    &[("200", "Oldest first.", Some("Timeline"))],
);

pub(crate) fn webhook_calls() -> impl Iterator<Item = Call> {
    [
        TIMELINE,
        LIST_EVENTS,
        READ_EVENT,
        EVENT_DELIVERIES,
        REDELIVER_EVENT,
        REDELIVER_RANGE,
        CREATE_ENDPOINT,
        LIST_ENDPOINTS,
        READ_ENDPOINT,
        CHANGE_ENDPOINT,
        DELETE_ENDPOINT,
        ROTATE_SECRET,
        TEST_ENDPOINT,
    ]
    .into_iter()
}

fn endpoint_id() -> RefOr<Schema> {
    string().pattern(Some("^whe_[0-9a-f]{32}$")).into()
}

fn event_id() -> RefOr<Schema> {
    string().pattern(Some("^evt_[0-9a-f]{32}$")).into()
}

fn event_type() -> RefOr<Schema> {
    one_of(EventType::ALL.iter().map(|known| known.as_str()))
}
