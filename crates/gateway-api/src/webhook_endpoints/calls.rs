//! The calls about webhook endpoints, as they are documented.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::description::call::{Call, KEY_HEADER, Parameter, keyed_errors, read, string};
use crate::http::error::ErrorCode;

const ENDPOINTS: &str = "/v1/webhook-endpoints";
const ENDPOINT: &str = "/v1/webhook-endpoints/{id}";

const ENDPOINT_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The endpoint's id.",
    schema: endpoint_id,
};

const CREATE_ENDPOINT: Call = Call {
    id: "create_webhook_endpoint",
    verb: "POST",
    path: ENDPOINTS,
    summary: "Create a webhook endpoint",
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
    summary: "Update a webhook endpoint",
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
    summary: "Rotate the secret of a webhook endpoint",
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
    summary: "Send a test event",
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

/// All endpoint calls.
pub(crate) const CALLS: &[Call] = &[
    CREATE_ENDPOINT,
    LIST_ENDPOINTS,
    READ_ENDPOINT,
    CHANGE_ENDPOINT,
    DELETE_ENDPOINT,
    ROTATE_SECRET,
    TEST_ENDPOINT,
];

fn endpoint_id() -> RefOr<Schema> {
    string().pattern(Some("^whe_[0-9a-f]{32}$")).into()
}
