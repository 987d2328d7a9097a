//! The provider's messages as typed structs (protocol 4 and 8): unknown fields tolerated, known ones read leniently,
//! a known field given twice refused. No maps and no untyped values: what is signed is what is parsed (T14).

use serde::{Deserialize, Serialize};

use crate::provider::json_encoding::without_byte_order_mark;
use crate::values::money::Amount;

mod details;
pub mod ewallet;
pub mod inquiry;
pub(crate) mod lenient;
pub mod notification;
pub mod payment_link;
pub mod qris;
pub mod received;
pub mod replies;
pub mod retail;
pub mod status;
pub mod token;
pub mod virtual_account;

pub use received::ReceivedAmount;
pub use status::ProviderStatus;

use crate::provider::response_code::ResponseCode;

/// Paths of the provider's calls; exactly these are signed.
pub mod paths {
    /// Token, both directions.
    pub const TOKEN: &str = "/v1.0/access-token/b2b";
    /// QRIS create.
    pub const QRIS_GENERATE: &str = "/v1.0/qr/qr-mpm-generate";
    /// QRIS inquiry.
    pub const QRIS_QUERY: &str = "/v1.0/qr/qr-mpm-query";
    /// QRIS cancel.
    pub const QRIS_CANCEL: &str = "/v1.0/qr/qr-mpm-cancel";
    /// E-wallet create.
    pub const EWALLET_PAYMENT: &str = "/direct-debit/core/v1/debit/payment-host-to-host";
    /// E-wallet inquiry.
    pub const EWALLET_STATUS: &str = "/direct-debit/core/v1/debit/status";
    /// Virtual account create.
    pub const VA_CREATE: &str = "/v1.0/transfer-va/create-va";
    /// Virtual account inquiry.
    pub const VA_INQUIRY: &str = "/v1.0/transfer-va/inquiry-va";
    /// Convenience store create.
    pub const RETAIL_CREATE: &str = "/v1.0/retail/create";
    /// Convenience store inquiry.
    pub const RETAIL_QUERY: &str = "/v1.0/retail/query";
    /// Payment link create; it has no inquiry.
    pub const PAYMENT_LINK_CREATE: &str = "/v1.0/payment-link/create";
    /// QRIS notification.
    pub const NOTIFY_QRIS: &str = "/v1.0/qr/qr-mpm-notify";
    /// QRIS notification as one integrator quotes it.
    pub const NOTIFY_QRIS_SHORT: &str = "/v1/qr/qr-mpm-notify";
    /// E-wallet and convenience store notification.
    pub const NOTIFY_DEBIT: &str = "/v1.0/debit/notify";
    /// Virtual account notification, both shapes.
    pub const NOTIFY_VA: &str = "/v1.0/transfer-va/payment";
    /// Payment link notification; this path is ours.
    pub const NOTIFY_LINK: &str = "/v1.0/payment-link/notify";
}

/// Money as the provider spells it: two decimals, a string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireMoney {
    /// Always `IDR`.
    pub currency: String,
    /// `15000.00`.
    pub value: String,
}

impl From<Amount> for WireMoney {
    fn from(amount: Amount) -> Self {
        Self {
            currency: amount.currency().as_str().to_owned(),
            value: amount.to_decimal_string(),
        }
    }
}

/// One entry of `urlParams`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlParam {
    /// The purpose of the URL.
    #[serde(rename = "type")]
    pub kind: UrlKind,
    /// The URL, unchanged.
    pub url: String,
}

/// The two kinds of URL the provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UrlKind {
    /// The page to which the payer's browser goes afterwards; proves nothing.
    PayReturn,
    /// The address to which the callback goes.
    Notification,
}

impl UrlParam {
    /// Creates a `NOTIFICATION` entry.
    #[must_use]
    pub fn notification(url: impl Into<String>) -> Self {
        Self {
            kind: UrlKind::Notification,
            url: url.into(),
        }
    }

    /// Creates a `PAY_RETURN` entry.
    #[must_use]
    pub fn pay_return(url: impl Into<String>) -> Self {
        Self {
            kind: UrlKind::PayReturn,
            url: url.into(),
        }
    }
}

/// `additionalInfo` where it holds nothing but the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelInfo {
    /// The provider's channel constant.
    pub channel: String,
}

/// The part that every response carries (protocol 2.4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Envelope {
    /// The response code; decides before the HTTP status.
    #[serde(rename = "responseCode")]
    pub code: ResponseCode,
    /// The message for people; may be absent.
    #[serde(
        rename = "responseMessage",
        default,
        deserialize_with = "lenient::text"
    )]
    pub message: Option<String>,
}

/// The reason why a body cannot be used. Carries nothing of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not UTF-8, not one JSON object of the expected kind, or a known field given twice.
    #[error("not readable as a message of the provider")]
    Malformed,
    /// Nothing says which payment is meant.
    #[error("no reference of ours")]
    NoReference,
    /// Nothing says what happened.
    #[error("no status")]
    NoStatus,
}

/// Spells a reference of ours as we do, whatever became of its letters and of the blanks round it on the way: 32 hex
/// digits become lower case, anything else is only freed from blanks.
#[must_use]
pub fn our_spelling(reference: &str) -> String {
    let reference = reference.trim();
    let digits = reference.len() == 32 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits {
        reference.to_ascii_lowercase()
    } else {
        reference.to_owned()
    }
}

/// Reads one message from the exact bytes that were received (and verified); a byte order mark is passed over.
///
/// # Errors
/// [`MessageError::Malformed`].
pub fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, MessageError> {
    let body = without_byte_order_mark(body);
    let text = std::str::from_utf8(body).map_err(|_invalid| MessageError::Malformed)?;
    // Derived structs would also take an array of their fields in order.
    if !text.trim_start().starts_with('{') {
        return Err(MessageError::Malformed);
    }
    serde_json::from_str(text).map_err(|_unreadable| MessageError::Malformed)
}
