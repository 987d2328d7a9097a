//! Every code an error reply can carry, with its meaning and the action that a shop takes (contract
//! 4.4). The one table behind the replies, `/docs/errors` and the OpenAPI document.

use actix_web::http::StatusCode;

/// One line of the table.
struct Row {
    name: &'static str,
    status: StatusCode,
    title: &'static str,
    meaning: &'static str,
    advice: &'static str,
}

macro_rules! codes {
    ($($variant:ident $name:literal $status:ident $title:literal $meaning:literal $advice:literal)+) => {
        /// The cause of a failure, as a code that never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl ErrorCode {
            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name,
                        status: StatusCode::$status,
                        title: $title,
                        meaning: $meaning,
                        advice: $advice,
                    },)+
                }
            }
        }
    };
}

codes! {
    MalformedJson "malformed_json" BAD_REQUEST "Malformed JSON"
        "The body is not one JSON object in UTF-8, is nested too deeply, or names a member twice."
        "Correct the body; sending it again unchanged cannot work."
    MalformedRequest "malformed_request" BAD_REQUEST "Malformed request"
        "A query parameter, a header, the cursor or the transfer of the body is not as documented."
        "Read `detail`, correct the request and send it again."
    Unauthorized "unauthorized" UNAUTHORIZED "Not authenticated"
        "The API key is missing, malformed, unknown or revoked."
        "Send `Authorization: Bearer gk_…` with a valid key."
    Forbidden "forbidden" FORBIDDEN "Not allowed"
        "The API key is valid but lacks the scope this call needs."
        "Use a key with the scope, or have one made."
    NotFound "not_found" NOT_FOUND "Not found"
        "There is no such path, or nothing of yours has this id."
        "Check the path and the id."
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED "Method not allowed"
        "The path exists, the HTTP method does not."
        "Use one of the methods in the `Allow` header."
    ReferenceExists "reference_exists" CONFLICT "Reference exists"
        "An order with this `reference` exists already and the request is not a repetition of the one that made it."
        "Read the order named in `order_id`, or use another reference."
    RequestInProgress "request_in_progress" CONFLICT "Request in progress"
        "The same request is being worked on at this moment."
        "Wait as long as `Retry-After` says and send the same request again."
    OrderPaid "order_paid" CONFLICT "Order is paid"
        "The order is paid already."
        "Read the order and deliver the goods; nothing else can be done with it."
    OrderNotPayable "order_not_payable" CONFLICT "Order is not payable"
        "The order is expired, cancelled, refunded or under review, or has used up its payments."
        "Make a new order."
    StateConflict "state_conflict" CONFLICT "State conflict"
        "What this is about is in a state that does not allow it."
        "Read it as it is now and decide again."
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE "Body too large"
        "The body is larger than 64 KiB."
        "Send less."
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "Unsupported media type"
        "The body is not announced as plain `application/json`."
        "Send `Content-Type: application/json` and no `Content-Encoding`."
    ValidationFailed "validation_failed" UNPROCESSABLE_ENTITY "Validation failed"
        "Fields of the body break a rule; `errors` names each of them."
        "Correct every field in `errors` and send the request again; no reference or key was used up."
    IdempotencyKeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY "Idempotency key reused"
        "The `Idempotency-Key` was used before for another body or path."
        "Use a new key for a new request; repeat a request with its own key and an unchanged body."
    ChannelUnavailable "channel_unavailable" UNPROCESSABLE_ENTITY "Channel unavailable"
        "The payment channel exists but is switched off here."
        "Choose another channel, or ask the operator to switch it on."
    ProviderRejected "provider_rejected" FAILED_DEPENDENCY "Provider refused the payment"
        "The payment provider refused; `provider` carries its code and message. Nothing can be paid."
        "Do not repeat it unchanged. Correct what the provider names and add another payment to the order in `order_id`."
    RateLimited "rate_limited" TOO_MANY_REQUESTS "Too many requests"
        "More requests than allowed in this time."
        "Wait as long as `Retry-After` says."
    InternalError "internal_error" INTERNAL_SERVER_ERROR "Internal error"
        "Something broke on our side; it is logged under `request_id`."
        "Repeat with the same `Idempotency-Key` or `reference`; report the `request_id` if it stays."
    ProviderUnavailable "provider_unavailable" SERVICE_UNAVAILABLE "Provider unavailable"
        "The payment provider cannot be reached or does not let us in; nothing was sent that could be paid."
        "Repeat the same request after `Retry-After`; it goes on with the same payment."
    StorageUnavailable "storage_unavailable" SERVICE_UNAVAILABLE "Storage unavailable"
        "The database cannot be reached."
        "Repeat the same request after `Retry-After`."
    Overloaded "overloaded" SERVICE_UNAVAILABLE "Overloaded"
        "There is more work waiting than can be done in time."
        "Repeat the same request after `Retry-After`."
}

impl ErrorCode {
    /// Returns the spelling in `code` and in `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns the HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// Returns the short sentence in `title`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// Returns the circumstances in which the error occurs.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// Returns the action that a shop takes.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }

    /// Returns the seconds in `Retry-After` when the error itself names none.
    #[must_use]
    pub const fn default_retry_after_secs(self) -> Option<u64> {
        match self {
            Self::ProviderUnavailable => Some(5),
            Self::StorageUnavailable | Self::Overloaded => Some(2),
            Self::RequestInProgress | Self::RateLimited => Some(1),
            _ => None,
        }
    }

    /// Returns the value of `safe_to_retry`, where the contract promises it.
    #[must_use]
    pub const fn safe_to_retry(self) -> Option<bool> {
        match self {
            Self::ProviderRejected => Some(false),
            Self::ProviderUnavailable => Some(true),
            _ => None,
        }
    }

    /// Returns the nearest code for a status made by the framework instead of by us.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited,
            StatusCode::SERVICE_UNAVAILABLE => Self::Overloaded,
            other if other.is_client_error() => Self::MalformedRequest,
            _ => Self::InternalError,
        }
    }
}

/// The fault of one field of a `validation_failed` body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldCode {
    /// Absent, `null`, or blank where a value is required.
    Required,
    /// A field that does not exist here.
    UnknownField,
    /// Another JSON type than documented.
    WrongType,
    /// The right type, the wrong shape.
    InvalidFormat,
    /// More characters, bytes or members than allowed.
    TooLong,
    /// Less than the smallest allowed.
    BelowMinimum,
    /// More than the largest allowed.
    AboveMaximum,
    /// A value, or a combination of fields, that is not offered.
    NotAllowed,
    /// A time that is not at least a second ahead.
    InThePast,
    /// An amount with sen.
    NotWholeRupiah,
    /// A URL that must not be visited.
    UrlNotAllowed,
}

impl FieldCode {
    /// Every code, as the contract lists them.
    pub const ALL: [Self; 11] = [
        Self::Required,
        Self::UnknownField,
        Self::WrongType,
        Self::InvalidFormat,
        Self::TooLong,
        Self::BelowMinimum,
        Self::AboveMaximum,
        Self::NotAllowed,
        Self::InThePast,
        Self::NotWholeRupiah,
        Self::UrlNotAllowed,
    ];

    /// Returns the spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::UnknownField => "unknown_field",
            Self::WrongType => "wrong_type",
            Self::InvalidFormat => "invalid_format",
            Self::TooLong => "too_long",
            Self::BelowMinimum => "below_minimum",
            Self::AboveMaximum => "above_maximum",
            Self::NotAllowed => "not_allowed",
            Self::InThePast => "in_the_past",
            Self::NotWholeRupiah => "not_whole_rupiah",
            Self::UrlNotAllowed => "url_not_allowed",
        }
    }

    /// Returns the meaning, for `/docs/errors`.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Required => "The field is absent, null or blank and must not be.",
            Self::UnknownField => "There is no such field here; check its spelling and its place.",
            Self::WrongType => {
                "The field has another JSON type than documented (money is a string, never a number)."
            }
            Self::InvalidFormat => {
                "The type is right, the shape is not: characters, digits, date or address."
            }
            Self::TooLong => "More characters, bytes, entries or items than allowed.",
            Self::BelowMinimum => "Less than the smallest value allowed.",
            Self::AboveMaximum => "More than the largest value allowed.",
            Self::NotAllowed => {
                "A value that is not offered, or a field that does not go with another."
            }
            Self::InThePast => "A time that is not at least one second ahead.",
            Self::NotWholeRupiah => "An amount with sen; only whole rupiah can be paid.",
            Self::UrlNotAllowed => {
                "A URL that must not be used: not https, with a user name, or to a forbidden place."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_name_is_given_twice() {
        let names: HashSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        let fields: HashSet<_> = FieldCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(fields.len(), FieldCode::ALL.len());
    }

    #[test]
    fn every_503_and_429_says_when_to_come_back() {
        for code in ErrorCode::ALL {
            if matches!(code.status().as_u16(), 429 | 503) {
                assert!(code.default_retry_after_secs().is_some(), "{code:?}");
            }
        }
    }
}
