//! A webhook endpoint as shops see it.

use ayolinx_core::order_view::jakarta_millis;
use ledger::EndpointLine;
use serde::Serialize;
use utoipa::ToSchema;

/// A webhook endpoint: a URL to which webhooks are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// The ID of the endpoint.
    #[schema(pattern = "^whe_[0-9a-f]{32}$")]
    pub id: String,
    /// Always `webhook_endpoint`.
    pub object: &'static str,
    /// The URL to which webhooks are sent, in its normal form.
    #[schema(example = "https://shop.example.co.id/webhooks")]
    pub url: String,
    /// The event types that are sent; `null` for all types.
    #[schema(required)]
    pub event_types: Option<Vec<String>>,
    /// `true` while events are sent to the endpoint.
    pub enabled: bool,
    /// The reason why the gateway disabled the endpoint: it answered 410. Enabling the endpoint
    /// clears this.
    #[schema(required, example = "gone (410)")]
    pub disabled_reason: Option<String>,
    /// The time at which the endpoint was created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The time of the last change.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl EndpointView {
    /// Returns the view of a line.
    #[must_use]
    pub fn new(line: EndpointLine) -> Self {
        Self {
            id: line.id().to_string(),
            object: "webhook_endpoint",
            url: line.url,
            event_types: line.event_types,
            enabled: line.enabled,
            disabled_reason: line.disabled_reason,
            created_at: jakarta_millis(line.created_at),
            updated_at: jakarta_millis(line.updated_at),
        }
    }
}

/// A webhook endpoint with its secret, which is shown only once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub struct NewEndpointView {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointView,
    /// The secret that signs its webhooks. Store it: it is not shown again.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/=]+$")]
    pub secret: String,
}

/// Every endpoint of a merchant, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookEndpointList)]
pub struct EndpointList {
    /// The endpoints.
    pub data: Vec<EndpointView>,
}
