//! A webhook endpoint as shops see it.

use ayolinx_core::order_view::jakarta_millis;
use ledger::EndpointLine;
use serde::Serialize;
use utoipa::ToSchema;

/// Where webhooks go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointView {
    /// Its id.
    #[schema(pattern = "^whe_[0-9a-f]{32}$")]
    pub id: String,
    /// Always `webhook_endpoint`.
    pub object: &'static str,
    /// Where to, in its normal form.
    #[schema(example = "https://shop.example.co.id/webhooks")]
    pub url: String,
    /// Which types; `null` for all.
    #[schema(required)]
    pub event_types: Option<Vec<String>>,
    /// Whether anything is sent to it.
    pub enabled: bool,
    /// Why we disabled it: it answered 410. Enabling it clears this.
    #[schema(required, example = "gone (410)")]
    pub disabled_reason: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl EndpointView {
    /// The view of a line.
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

/// An endpoint with its secret, which is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WebhookEndpointWithSecret)]
pub struct NewEndpointView {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointView,
    /// What its webhooks are signed with; store it, it is not shown again.
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
