//! The bodies about webhook endpoints as types, for the document only.

use serde::Serialize;
use utoipa::ToSchema;

use crate::events::schemas::EventTypeName;

/// The body of a new webhook endpoint.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookEndpoint {
    /// The URL to send webhooks to: public https on port 443 or 8443, or another URL that the
    /// operator allows.
    #[schema(max_length = 2048, example = "https://shop.example.co.id/webhooks")]
    url: String,
    /// The event types to send; all types when absent or `null`.
    #[schema(min_items = 1, value_type = Option<Vec<EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// `true` to send events to the endpoint. Defaults to `true`.
    enabled: Option<bool>,
}

/// A change of a webhook endpoint; absent fields stay unchanged.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhookEndpoint {
    /// The new URL. Webhooks that wait for the endpoint are sent there too.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// The event types to send from now on; `null` for all types.
    #[schema(min_items = 1, value_type = Option<Vec<EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// `false` to disable the endpoint. Webhooks that wait for a disabled endpoint are sent when it
    /// is enabled; events that happen meanwhile are not.
    enabled: Option<bool>,
}
