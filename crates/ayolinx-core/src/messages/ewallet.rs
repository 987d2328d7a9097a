//! E-wallet: get payment URL (protocol 4.5). The status call is in `inquiry`.

use serde::{Deserialize, Serialize};

use super::{ReceivedAmount, UrlParam, WireMoney, lenient};

/// Body of the create; both URLs are mandatory here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EwalletPaymentRequest {
    /// Our payment id.
    pub partner_reference_no: String,
    /// Unix seconds as text.
    pub valid_up_to: String,
    /// Two decimals.
    pub amount: WireMoney,
    /// `PAY_RETURN` and `NOTIFICATION`.
    pub url_params: Vec<UrlParam>,
    /// Channel and title.
    pub additional_info: EwalletInfo,
}

/// `additionalInfo` of the create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EwalletInfo {
    /// The channel.
    pub channel: String,
    /// Shown to the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_title: Option<String>,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EwalletPaymentResponse {
    /// Echo.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub partner_reference_no: Option<String>,
    /// Echo, where one comes.
    #[serde(
        deserialize_with = "lenient::amount",
        skip_serializing_if = "ReceivedAmount::is_absent"
    )]
    pub amount: ReceivedAmount,
    /// The wallet's page: the artefact. May exceed 700 characters.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub web_redirect_url: Option<String>,
    /// Not documented, read when there.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference_no: Option<String>,
}
