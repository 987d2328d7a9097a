//! The optional JSON body of pay, fail, cancel and refund.

use ayolinx_core::money::{Amount, Currency};
use serde::Deserialize;

use crate::protocol::channels::Channels;
use crate::provider::settings::CallbackMode;
use crate::provider::transaction::Status;
use crate::service::settlement::Settlement;

/// The action of a control call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Pay,
    Fail,
    Cancel,
    Refund,
}

impl Verb {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "pay" => Some(Self::Pay),
            "fail" => Some(Self::Fail),
            "cancel" => Some(Self::Cancel),
            "refund" => Some(Self::Refund),
            _ => None,
        }
    }

    fn status(self) -> Status {
        match self {
            Self::Pay => Status::success(),
            Self::Fail => Status::failed(),
            Self::Cancel => Status::cancelled(),
            Self::Refund => Status::refunded(),
        }
    }
}

/// The body; every member optional.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Order {
    /// Two digits, also unknown ones; default by the verb.
    status: Option<String>,
    /// `{"value","currency"}` or the value alone.
    amount: Option<Money>,
    /// Channel chosen on a payment link.
    channel: Option<String>,
    /// `plain` or `snap`.
    mode: Option<String>,
    /// Number of a transfer of its own, if one account takes several: each is another sum, and
    /// `amount` of a refund is the total returned of it so far.
    transfer: Option<String>,
    /// Reference the callback names instead of ours.
    reference: Option<String>,
    /// Number the callback names as the provider's (`originalReferenceNo`, `paymentRequestId`).
    provider_reference: Option<String>,
    /// `additionalInfo.feeMoney`.
    fee_money: Option<Money>,
    /// Leaves the amount out of the callback.
    #[serde(default)]
    without_amount: bool,
    /// `false`: settle without a callback.
    callback: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Money {
    Value(String),
    Whole(i64),
    Full { value: String, currency: String },
}

impl Order {
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| error.to_string())
    }

    /// Returns whether no callback is to be sent.
    pub(super) fn is_silent(&self) -> bool {
        self.callback == Some(false)
    }

    pub(super) fn settlement(&self, verb: Verb, channels: &Channels) -> Result<Settlement, String> {
        let mut settlement = Settlement::of(verb.status());
        if let Some(text) = &self.status {
            settlement.status = Status::parse(text).ok_or("status must be two digits")?;
        }
        if let Some(name) = &self.channel {
            let (known, _family) = channels
                .find(name)
                .ok_or_else(|| format!("unknown channel {name}"))?;
            settlement.channel = Some(known);
        }
        settlement.mode = self
            .mode
            .as_deref()
            .map(str::parse::<CallbackMode>)
            .transpose()?;
        settlement.amount = self.amount.as_ref().map(Money::read).transpose()?;
        settlement.fee = self.fee_money.as_ref().map(Money::read).transpose()?;
        settlement.transfer.clone_from(&self.transfer);
        settlement.said_reference.clone_from(&self.reference);
        settlement
            .said_provider_reference
            .clone_from(&self.provider_reference);
        settlement.without_amount = self.without_amount;
        Ok(settlement)
    }
}

impl Money {
    fn read(&self) -> Result<Amount, String> {
        let amount = match self {
            Self::Value(value) => Amount::parse_decimal(value, Currency::Idr),
            Self::Whole(rupiah) => Amount::rupiah(*rupiah),
            Self::Full { value, currency } => {
                Currency::parse(currency).and_then(|known| Amount::parse_decimal(value, known))
            }
        };
        amount.map_err(|error| error.to_string())
    }
}
