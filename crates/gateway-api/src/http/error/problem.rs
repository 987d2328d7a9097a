//! The wire shape of an error (RFC 9457), as it is serialised and as it is documented.

use serde::Serialize;
use utoipa::ToSchema;

use super::FieldCode;

/// The media type of every error.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// A reference to the documentation: `/docs/errors#` and the code.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#validation_failed")]
    pub kind: String,
    /// The code in words.
    #[schema(example = "Validation failed")]
    pub title: String,
    /// The HTTP status of the reply.
    #[schema(example = 422)]
    pub status: u16,
    /// The stable code of the error, for programs.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// An explanation for people. It may change.
    #[schema(example = "1 field is not right")]
    pub detail: String,
    /// The ID of the request, as in the reply's `X-Request-Id`.
    #[schema(required = true)]
    pub request_id: Option<String>,
    /// Every invalid field; only with `validation_failed`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// The order that the error is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order_id: Option<String>,
    /// The provider's answer; only with `provider_rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provider: Option<ProviderAnswer>,
    /// `true` when you can send the same request again without paying twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub safe_to_retry: Option<bool>,
}

/// One invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The path of the field, for example `items[0].price`.
    #[schema(example = "amount.value")]
    pub field: String,
    /// The rule that the field breaks.
    #[schema(example = "below_minimum")]
    pub code: &'static str,
    /// An explanation for people. It may change.
    #[schema(example = "at least 10000.00 for RETAIL_ALFAMART")]
    pub message: String,
}

impl FieldError {
    /// Records that `field` breaks the rule `code`.
    #[must_use]
    pub fn new(field: impl Into<String>, code: FieldCode, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code: code.as_str(),
            message: message.into(),
        }
    }
}

/// The provider's answer when it refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderAnswer {
    /// The provider's `responseCode`.
    #[schema(example = "4034714")]
    pub code: String,
    /// The provider's `responseMessage`.
    #[schema(example = "Insufficient Funds")]
    pub message: String,
}
