//! The ways to pay, as shops see them.

use ayolinx_core::channels::{Channel, ChannelTable};
use ayolinx_core::method::Method;
use ayolinx_core::money::Money;
use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::Money as MoneySchema;

/// Every method with its channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelList {
    /// The methods, each with its channels.
    pub data: Vec<MethodView>,
}

impl ChannelList {
    /// Returns the channels of the table; `reachable` returns whether the provider answers about a channel.
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
    /// The channel's code, for `payment.channel`.
    #[schema(example = "BNC_QRIS")]
    pub channel: String,
    /// The name of the bank or store, as payers know it.
    #[schema(example = "BNI")]
    pub name: String,
    /// The status of the channel. `up`: can be used now; `down`: the provider does not answer at the moment; `off`:
    /// not offered.
    #[schema(pattern = "^(up|down|off)$")]
    pub status: &'static str,
    /// The smallest amount.
    #[schema(value_type = MoneySchema)]
    pub min: Money,
    /// The largest amount.
    #[schema(value_type = MoneySchema)]
    pub max: Money,
    /// The lifetime of a payment in seconds when the order names none.
    pub default_expires_in: u64,
    /// The longest lifetime of a payment in seconds.
    pub max_expires_in: u64,
    /// `true` when the provider can be asked for the status of a payment, by `sync` and by the gateway's own check
    /// for lost callbacks.
    pub can_inquire: bool,
    /// `true` when an unpaid payment can be cancelled at the provider; otherwise it is cancelled at the gateway only.
    pub can_cancel: bool,
    /// `true` when the provider can return money; otherwise whoever holds the money returns it, and a refund waits
    /// for that.
    pub can_refund: bool,
    /// `true` when the payer cannot pay another amount.
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
