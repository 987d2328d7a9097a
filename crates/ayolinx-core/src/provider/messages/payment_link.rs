//! Payment link: create (protocol 4.11). There is no inquiry and no cancel.

use serde::{Deserialize, Serialize};

use super::{UrlParam, lenient};

/// Body of the create. It has no amount: the sum of the items is the amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentLinkRequest {
    /// Our payment id.
    pub partner_reference_no: String,
    /// Required.
    pub customer_name: String,
    /// Required.
    pub customer_email: String,
    /// The digits that follow the country code.
    pub customer_phone_number: String,
    /// A plus and the code: `+62`.
    pub customer_phone_number_country_code: String,
    /// Sum of price × quantity is the amount.
    pub list_item: Vec<LinkItem>,
    /// Channels offered to the payer.
    pub list_payment_channel: Vec<String>,
    /// May be empty.
    pub description: String,
    /// ISO, Jakarta.
    pub expiry_time: String,
    /// Left out when the portal's URL is to be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url_params: Vec<UrlParam>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkItem {
    /// Shown to the payer.
    pub name: String,
    /// Whole rupiah, no decimals.
    pub price: String,
    /// A whole number.
    pub qty: String,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PaymentLinkResponse {
    /// The page: the artefact.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub payment_link: Option<String>,
    /// **Not** our reference: the link's code, `plh` of its callbacks.
    #[serde(
        rename = "partnerReferenceNo",
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub link_code: Option<String>,
    /// A UTC clock with a Jakarta label; never used.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expiry_date: Option<String>,
}
