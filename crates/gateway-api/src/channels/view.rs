//! What can be paid with, as shops see it.

use ayolinx_core::channels::{Channel, ChannelTable};
use ayolinx_core::method::Method;
use ayolinx_core::money::Money;
use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::Money as MoneySchema;

/// Every method with its channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelList {
    /// The methods.
    pub data: Vec<MethodView>,
}

impl ChannelList {
    /// What is in the table; `reachable`: whether the provider answers about
    /// a channel.
    #[must_use]
    pub fn new(table: &ChannelTable, reachable: impl Fn(&Channel) -> bool) -> Self {
        let of_method = |method: &Method| MethodView {
            method: method.as_str(),
            channels: table
                .iter()
                .filter(|channel| channel.method == *method)
                .map(|channel| ChannelView::new(channel, reachable(channel)))
                .collect(),
        };
        Self {
            data: Method::ALL.iter().map(of_method).collect(),
        }
    }
}

/// A method with its channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MethodChannels)]
pub struct MethodView {
    /// The method.
    #[schema(value_type = crate::description::schemas::MethodName)]
    pub method: &'static str,
    /// Its channels.
    pub channels: Vec<ChannelView>,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Channel)]
pub struct ChannelView {
    /// What `payment.channel` is to say.
    #[schema(example = "BNC_QRIS")]
    pub channel: String,
    /// The bank or store as payers know it.
    #[schema(example = "BNI")]
    pub name: String,
    /// `up`: can be used now; `down`: the provider does not answer just now; `off`: not offered.
    #[schema(pattern = "^(up|down|off)$")]
    pub status: &'static str,
    /// Smallest amount.
    #[schema(value_type = MoneySchema)]
    pub min: Money,
    /// Largest amount.
    #[schema(value_type = MoneySchema)]
    pub max: Money,
    /// Life of a payment when the order does not say, in seconds.
    pub default_expires_in: u64,
    /// Longest life of a payment, in seconds.
    pub max_expires_in: u64,
    /// Whether the provider can be asked how a payment stands: `sync`, and the gateway's own look for lost callbacks.
    pub can_inquire: bool,
    /// Whether an unpaid payment can be cancelled at the provider; else it is cancelled here only.
    pub can_cancel: bool,
    /// Whether the provider can give money back; else whoever holds it does, and a refund waits for that.
    pub can_refund: bool,
    /// Whether the payer cannot pay another amount.
    pub amount_is_fixed: bool,
}

impl ChannelView {
    fn new(channel: &Channel, reachable: bool) -> Self {
        let status = match (channel.is_available(), reachable) {
            (false, _) => "off",
            (true, false) => "down",
            (true, true) => "up",
        };
        Self {
            channel: channel.code.clone(),
            name: channel.short_name.clone(),
            status,
            min: channel.min.into(),
            max: channel.max.into(),
            default_expires_in: channel.default_expiry.as_secs(),
            max_expires_in: channel.max_expiry.as_secs(),
            can_inquire: channel.can_inquire(),
            can_cancel: channel.can_cancel(),
            can_refund: channel.can_refund(),
            amount_is_fixed: channel.amount_is_fixed,
        }
    }
}
