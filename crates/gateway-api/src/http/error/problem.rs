//! The wire shape of an error (RFC 9457), as it is serialised and as it is documented.

use serde::Serialize;
use utoipa::ToSchema;

use super::FieldCode;

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// `/docs/errors#` and the code.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#validation_failed")]
    pub kind: String,
    /// The code in words.
    #[schema(example = "Validation failed")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable; what programs decide by.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// For people; may change.
    #[schema(example = "1 field is not right")]
    pub detail: String,
    /// The same as the reply's `X-Request-Id`.
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// Every field that is not right; only with `validation_failed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// The order the error is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<String>,
    /// What the provider said; only with `provider_rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provider: Option<ProviderAnswer>,
    /// Whether the same request may be sent again without paying twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub safe_to_retry: Option<bool>,
}

/// One field that is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its path, e.g. `items[0].price`.
    #[schema(example = "amount.value")]
    pub field: String,
    /// Which rule it breaks.
    #[schema(example = "below_minimum")]
    pub code: &'static str,
    /// For people; may change.
    #[schema(example = "at least 10000.00 for RETAIL_ALFAMART")]
    pub message: String,
}

impl FieldError {
    /// `field` breaks the rule `code`.
    #[must_use]
    pub fn new(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: code.as_str(),
            message: message.into(),
        }
    }
}

/// What the provider answered when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderAnswer {
    /// Its `responseCode`.
    #[schema(example = "4034714")]
    pub code: String,
    /// Its `responseMessage`.
    #[schema(example = "Insufficient Funds")]
    pub message: String,
}
