//! Replies of the provider: success bodies, and refusals in SNAP's `HHHSSCC` form (protocol 2.4, 6.2).

use serde_json::{Map, Value, json};

use crate::protocol::calls::Call;
use crate::protocol::fields::FieldError;

/// The reason why a call is refused, before it is spelt for its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// HTTP status, the code's first three digits.
    pub(crate) http: u16,
    /// The code's last two digits.
    pub(crate) case: &'static str,
    /// `responseMessage`.
    pub(crate) message: String,
}

impl Refusal {
    /// Creates any refusal.
    pub(crate) fn new(http: u16, case: &'static str, message: impl Into<String>) -> Self {
        Self {
            http,
            case,
            message: message.into(),
        }
    }

    /// Creates 401…00.
    pub(crate) fn unauthorized(reason: &str) -> Self {
        Self::new(401, "00", format!("Unauthorized. {reason}"))
    }

    /// Creates 404…01.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "01", "Transaction Not Found")
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        match error {
            FieldError::Format(field) => {
                Self::new(400, "01", format!("Invalid Field Format {field}"))
            }
            FieldError::Missing(field) => {
                Self::new(400, "02", format!("Invalid Mandatory Field {field}"))
            }
        }
    }
}

/// The reply to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) http: u16,
    /// The JSON object.
    pub(crate) body: Map<String, Value>,
}

impl Reply {
    /// Creates a success of the call with these further members.
    pub(crate) fn success(call: Call, message: &str, members: Value) -> Self {
        let mut body = code_and_message(call.success_code(), message);
        if let Value::Object(members) = members {
            body.extend(members);
        }
        Self { http: 200, body }
    }

    /// Creates a refusal, spelt for the call's service.
    pub(crate) fn refused(call: Call, refusal: &Refusal) -> Self {
        let code = format!("{}{}{}", refusal.http, call.service(), refusal.case);
        Self::coded(refusal.http, code, &refusal.message)
    }

    /// Creates a reply of any status, code and message.
    pub(crate) fn coded(http: u16, code: String, message: &str) -> Self {
        Self {
            http,
            body: code_and_message(code, message),
        }
    }

    /// Returns the `responseCode`.
    pub(crate) fn code(&self) -> &str {
        self.body
            .get("responseCode")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.body).unwrap_or_default()
    }
}

fn code_and_message(code: String, message: &str) -> Map<String, Value> {
    Map::from_iter([
        ("responseCode".to_owned(), Value::String(code)),
        ("responseMessage".to_owned(), json!(message)),
    ])
}
