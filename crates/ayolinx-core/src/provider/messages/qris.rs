//! QRIS: generate and cancel (protocol 4.2, 4.4). The query is in `inquiry`.

use serde::{Deserialize, Serialize};

use super::{ChannelInfo, ReceivedAmount, UrlParam, WireMoney, lenient, received};

/// Body of generate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QrisGenerateRequest {
    /// Our payment id.
    pub partner_reference_no: String,
    /// Whole rupiah with two decimals.
    pub amount: WireMoney,
    /// ISO, Jakarta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_up_to: Option<String>,
    /// Left out when the portal's URL is to be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url_params: Vec<UrlParam>,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// Success reply of generate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QrisGenerateResponse {
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
    /// The EMVCo payload: the artefact.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub qr_content: Option<String>,
    /// Seconds, milliseconds or ISO; where it is earlier than ours the payment ends by it.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expired_date: Option<String>,
    /// Not always there.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference_no: Option<String>,
}

/// Body of cancel: voids an unpaid QR, is no refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QrisCancelRequest {
    /// Our payment id.
    pub original_partner_reference_no: String,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// Success reply of cancel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QrisCancelResponse {
    /// Echo.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub original_partner_reference_no: Option<String>,
}
