//! The bodies about webhook endpoints as types, for the document only.

use serde::Serialize;
use utoipa::ToSchema;

use crate::events::schemas::EventTypeName;

/// The body of a new webhook endpoint.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateWebhookEndpoint {
    /// Public https on port 443 or 8443, or what the operator allows.
    #[schema(max_length = 2048, example = "https://shop.example.co.id/webhooks")]
    url: String,
    /// Only these types; all when absent or `null`.
    #[schema(min_items = 1, value_type = Option<Vec<EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// On when absent.
    enabled: Option<bool>,
}

/// A change of a webhook endpoint; what is absent stays.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhookEndpoint {
    /// What waits for the endpoint goes there too.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Exactly these types from now on; `null` for all.
    #[schema(min_items = 1, value_type = Option<Vec<EventTypeName>>)]
    event_types: Option<Vec<String>>,
    /// What waits for a disabled endpoint is sent when it is enabled; what happens meanwhile is not.
    enabled: Option<bool>,
}
