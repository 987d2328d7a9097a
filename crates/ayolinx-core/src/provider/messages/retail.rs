//! Convenience store: create (protocol 4.9). The query is in `inquiry`.

use serde::{Deserialize, Serialize};

use super::{ChannelInfo, ReceivedAmount, UrlParam, WireMoney, lenient, received};

/// Body of the create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetailCreateRequest {
    /// Our payment id.
    pub partner_reference_no: String,
    /// ISO, Jakarta; unix seconds are not offered here.
    pub valid_up_to: String,
    /// Required.
    pub customer_name: String,
    /// Required.
    pub customer_email: String,
    /// Country code and number, in digits: `6281234567890`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_phone: Option<String>,
    /// Two decimals.
    pub amount: WireMoney,
    /// Left out when the portal's URL is to be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url_params: Vec<UrlParam>,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetailCreateResponse {
    /// Echo.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub partner_reference_no: Option<String>,
    /// Echo, where one comes.
    #[serde(
        deserialize_with = "received::amount",
        skip_serializing_if = "ReceivedAmount::is_absent"
    )]
    pub amount: ReceivedAmount,
    /// The code to tell at the counter: the artefact. No bank account, whatever its name says.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub va_number: Option<String>,
    /// Instructions for the payer.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub payment_url: Option<String>,
    /// ISO; where it is earlier than ours the payment ends by it.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_date: Option<String>,
    /// Not documented, read when there.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference_no: Option<String>,
}
