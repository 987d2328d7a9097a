//! The channels of the provider: which exist, what they take, how their money is compared (contract 3, protocol 7).
//! A table of values, not of code: the operator's file is laid over the built-in one. Every crate that opens payments or
//! shows channels calls it; so does `accounting`. It calls `values`. Invariant: a table that was read holds for the whole
//! run of a process.

use std::str::FromStr;
use std::time::Duration;

use crate::values::method::Method;
use crate::values::money::Amount;

mod built_in;
mod fee;
mod overlay;
mod qr_check;

pub use fee::{FeeBearer, FeePercent, UnknownFeeBearer, UnreadableFeePercent};
pub use overlay::ChannelFileError;
pub use qr_check::{QrCheck, UnknownQrCheck};

/// The provider that is spoken to; the built-in bank prefixes are those of its sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Real money.
    Production,
    /// The provider's sandbox, or ours.
    NonProduction,
}

/// Host of the production base URL (protocol 1).
const PRODUCTION_HOST: &str = "openapi.ayolinx.id";

impl Environment {
    /// Judges by the host of the base URL, whatever its case, port or trailing dot.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        if host
            .trim_end_matches('.')
            .eq_ignore_ascii_case(PRODUCTION_HOST)
        {
            Self::Production
        } else {
            Self::NonProduction
        }
    }
}

/// The relation of a received amount to the amount we asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmountRule {
    /// received = ours.
    #[default]
    Exact,
    /// received = ours + fee: the payer paid the fee on top.
    PlusFee,
    /// received + fee = ours: the fee is already taken out.
    NetOfFee,
}

impl AmountRule {
    /// Returns the setting's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::PlusFee => "plus_fee",
            Self::NetOfFee => "net_of_fee",
        }
    }

    /// Returns whether the fee must be known before amounts can be compared.
    #[must_use]
    pub const fn needs_fee(self) -> bool {
        match self {
            Self::Exact => false,
            Self::PlusFee | Self::NetOfFee => true,
        }
    }

    /// Returns whether `received` is the payment of `ours`. Without the fee a rule that needs it never matches.
    #[must_use]
    pub fn matches(self, ours: Amount, received: Amount, fee: Option<Amount>) -> bool {
        match (self, fee) {
            (Self::Exact, _) => received == ours,
            (Self::PlusFee, Some(fee)) => ours.checked_add(fee) == Ok(received),
            (Self::NetOfFee, Some(fee)) => received.checked_add(fee) == Ok(ours),
            (Self::PlusFee | Self::NetOfFee, None) => false,
        }
    }
}

/// The text names no amount rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of exact, plus_fee, net_of_fee")]
pub struct UnknownAmountRule;

impl FromStr for AmountRule {
    type Err = UnknownAmountRule;

    fn from_str(text: &str) -> Result<Self, UnknownAmountRule> {
        [Self::Exact, Self::PlusFee, Self::NetOfFee]
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or(UnknownAmountRule)
    }
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The provider's constant, e.g. `BNC_QRIS`.
    pub code: String,
    /// The method it belongs to.
    pub method: Method,
    /// Set when the operator offers it. See also [`Channel::is_available`].
    pub enabled: bool,
    /// Smallest amount.
    pub min: Amount,
    /// Largest amount.
    pub max: Amount,
    /// Life of a payment when nobody says otherwise.
    pub default_expiry: Duration,
    /// Longest life of a payment.
    pub max_expiry: Duration,
    /// Prefix of the bank's numbers; virtual accounts only.
    pub partner_service_id: Option<String>,
    /// The most inquiries that the worker may send each second for payments of this channel.
    pub inquiries_per_second: u32,
    /// Hosts a redirect may lead to; empty: any, over https.
    pub redirect_hosts: Vec<String>,
    /// The rule by which amounts are compared.
    pub amount_rule: AmountRule,
    /// The treatment of a QR that is not as asked for; QRIS only.
    pub qr_check: QrCheck,
    /// The part of each payment that the provider is expected to keep; `None`: the operator has not said.
    pub fee_percent: Option<FeePercent>,
    /// The amount that the provider is expected to keep of each payment besides, whatever the payment's amount.
    pub fee_fixed: Option<Amount>,
    /// The party that bears the fee.
    pub fee_borne_by: FeeBearer,
    /// Days after the payment until the provider is expected to settle it; `None`: the operator has not said.
    pub settlement_days: Option<u16>,
    /// Set when the payer cannot pay another amount than ours.
    pub amount_is_fixed: bool,
    /// Bank or store as shown to payers: `BNI`, `ALFAMART`.
    pub short_name: String,
}

impl Channel {
    /// Returns whether it is enabled and, if a virtual account, has its prefix (contract 5).
    #[must_use]
    pub const fn is_available(&self) -> bool {
        self.enabled && !self.lacks_prefix()
    }

    /// Returns whether it is a virtual account without a prefix: off until the operator names one.
    #[must_use]
    pub const fn lacks_prefix(&self) -> bool {
        matches!(self.method, Method::VirtualAccount) && self.partner_service_id.is_none()
    }

    /// Returns whether the provider can be asked about a payment of this channel (not about links).
    #[must_use]
    pub const fn can_inquire(&self) -> bool {
        !matches!(self.method, Method::PaymentLink)
    }

    /// Returns whether an unpaid payment can be cancelled at the provider: QRIS only (protocol 4.4).
    #[must_use]
    pub const fn can_cancel(&self) -> bool {
        matches!(self.method, Method::Qris)
    }

    /// Returns whether the provider can be told to give money back: it has no such call (contract 4.3).
    #[must_use]
    pub const fn can_refund(&self) -> bool {
        false
    }
}

/// Channel code of payment links, for which the provider has none: it stands for the link's own limits.
pub const PAYMENT_LINK_CHANNEL: &str = "PAYMENT_LINK";

/// All channels, in the order they are listed to shops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTable {
    channels: Vec<Channel>,
}

impl ChannelTable {
    /// Creates the table as it is without an operator's file.
    #[must_use]
    pub fn built_in(environment: Environment) -> Self {
        Self {
            channels: built_in::channels(environment),
        }
    }

    /// Lays an operator's TOML over this table: one TOML table per channel, only what differs.
    ///
    /// # Errors
    /// [`ChannelFileError`] names the channel and the key that is unknown or has no meaning.
    pub fn overlay(mut self, toml_text: &str) -> Result<Self, ChannelFileError> {
        overlay::apply(&mut self.channels, toml_text)?;
        Ok(self)
    }

    /// Returns the channel of this code, available or not.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.code == code)
    }

    /// Returns every channel of a method, available or not.
    pub fn of_method(&self, method: Method) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(move |channel| channel.method == method)
    }

    /// Returns the available channel of a method that has exactly one; `None` when the shop must choose or there is
    /// none.
    #[must_use]
    pub fn only_available(&self, method: Method) -> Option<&Channel> {
        let mut available = self
            .of_method(method)
            .filter(|channel| channel.is_available());
        match (available.next(), available.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// Returns the available channels that a payment link can offer.
    pub fn offered_by_links(&self) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(|channel| channel.method != Method::PaymentLink && channel.is_available())
    }

    /// Returns every channel.
    pub fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::money::Currency;

    fn rupiah(whole: i64) -> Amount {
        Amount::rupiah(whole).unwrap()
    }

    #[test]
    fn each_amount_rule_compares_its_own_way() {
        let (ours, fee) = (rupiah(10_000), Some(rupiah(70)));
        for (rule, received, fee, matches) in [
            (AmountRule::Exact, 10_000, None, true),
            (AmountRule::Exact, 10_000, fee, true),
            (AmountRule::Exact, 10_070, fee, false),
            (AmountRule::PlusFee, 10_070, fee, true),
            (AmountRule::PlusFee, 10_000, fee, false),
            (AmountRule::PlusFee, 10_000, None, false),
            (AmountRule::NetOfFee, 9_930, fee, true),
            (AmountRule::NetOfFee, 10_000, fee, false),
            (AmountRule::NetOfFee, 10_000, None, false),
        ] {
            assert_eq!(
                rule.matches(ours, rupiah(received), fee),
                matches,
                "{rule:?} {received}"
            );
        }
        let most = Amount::from_minor(i64::MAX, Currency::Idr).unwrap();
        assert!(!AmountRule::PlusFee.matches(most, most, Some(most)));
    }

    #[test]
    fn only_the_production_host_is_production() {
        for host in ["openapi.ayolinx.id", "OpenAPI.Ayolinx.ID."] {
            assert_eq!(Environment::of_host(host), Environment::Production);
        }
        for host in [
            "sandbox.ayolinx.id",
            "127.0.0.1",
            "openapi.ayolinx.id.example",
        ] {
            assert_eq!(Environment::of_host(host), Environment::NonProduction);
        }
    }
}
