//! Our replies to the provider's callbacks (protocol 8.12). Field names are written here, never by a global rule.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Our reply to a callback or token request without further content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// Seven digits, always a string.
    pub response_code: String,
    /// For people.
    pub response_message: String,
}

impl Reply {
    /// Creates a reply of any code with its message.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            response_code: code.to_owned(),
            response_message: message.to_owned(),
        }
    }

    /// Creates the success reply of every flat callback.
    #[must_use]
    pub fn received() -> Self {
        Self::new("2005600", "Successful")
    }
}

/// Success reply to a SNAP virtual account payment (protocol 8.8).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapVaReply {
    /// `2002500`.
    pub response_code: &'static str,
    /// `Success`.
    pub response_message: &'static str,
    /// The identifying fields, repeated.
    pub virtual_account_data: SnapVaEcho,
}

impl SnapVaReply {
    /// Creates the success reply that repeats `echo`.
    #[must_use]
    pub const fn received(echo: SnapVaEcho) -> Self {
        Self {
            response_code: "2002500",
            response_message: "Success",
            virtual_account_data: echo,
        }
    }
}

/// The fields of a SNAP VA payment that its reply repeats, exactly as received (leading blanks included).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapVaEcho {
    /// With its padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_service_id: Option<String>,
    /// Digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_no: Option<String>,
    /// With its padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_account_no: Option<String>,
    /// The payer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_account_name: Option<String>,
    /// Our payment id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trx_id: Option<String>,
    /// The provider's id of this transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_request_id: Option<String>,
    /// Raw, so that its spelling is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_amount: Option<Box<RawValue>>,
    /// `C` or `O`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_account_trx_type: Option<String>,
    /// The channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_info: Option<EchoInfo>,
}

/// `additionalInfo` of the reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EchoInfo {
    /// The channel.
    pub channel: String,
}
