//! Virtual account: create (protocol 4.7). The inquiry is in `inquiry`, the payment callback in `notification`.

use serde::{Deserialize, Serialize};

use super::{ChannelInfo, ReceivedAmount, WireMoney, lenient, received};

mod snap_name;

pub use snap_name::snap_name;

/// Body of the create. No `virtualAccountNo`: the provider makes the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VaCreateRequest {
    /// The bank's prefix.
    pub partner_service_id: String,
    /// Prefix and digits, at most 20.
    pub customer_no: String,
    /// The name that the bank shows; see [`snap_name`].
    pub virtual_account_name: String,
    /// In ASCII.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_account_email: Option<String>,
    /// Country code and number, 9 to 15 digits: `6281234567890`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_account_phone: Option<String>,
    /// Our payment id.
    pub trx_id: String,
    /// `C`: closed amount.
    pub virtual_account_trx_type: String,
    /// Two decimals.
    pub total_amount: WireMoney,
    /// ISO, Jakarta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_date: Option<String>,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VaCreateResponse {
    /// The account.
    #[serde(deserialize_with = "lenient::object")]
    pub virtual_account_data: VaCreated,
}

/// `virtualAccountData` of the reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VaCreated {
    /// The number to show, trimmed: the artefact.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub virtual_account_no: Option<String>,
    /// The name the bank shows.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub virtual_account_name: Option<String>,
    /// Echo of our id.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub trx_id: Option<String>,
    /// Echo.
    #[serde(
        deserialize_with = "received::amount",
        skip_serializing_if = "ReceivedAmount::is_absent"
    )]
    pub total_amount: ReceivedAmount,
    /// ISO; where it is earlier than ours the payment ends by it.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expired_date: Option<String>,
}
