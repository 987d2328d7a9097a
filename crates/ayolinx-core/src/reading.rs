//! What a word of the provider means for one payment: from status, amount and freshness to a fact,
//! or to the wish to ask first (contract 4.2 and 5, protocol 5).

use chrono::{DateTime, TimeDelta, Utc};

use crate::channels::AmountRule;
use crate::messages::inquiry::InquiryAnswer;
use crate::messages::notification::Notification;
use crate::messages::{ProviderStatus, ReceivedAmount};
use crate::money::Amount;
use crate::payment::Fact;
use crate::states::PaymentState;

/// Status 05 this close to expiry, or past it, is an expiry (contract 4.2).
const EXPIRY_WINDOW_SECONDS: i64 = 60;

/// How a word reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channelled {
    /// A verified callback inside its time window.
    Callback,
    /// A verified callback whose timestamp is too old, in the future, or unreadable.
    StaleCallback,
    /// The answer to our own question.
    Inquiry,
}

/// What the provider said.
#[derive(Debug, Clone)]
pub struct ProviderWord {
    /// How it reached us.
    pub channelled: Channelled,
    /// Its status; `None` for a SNAP VA notice that carries a `paymentFlagStatus` other than `00`.
    pub status: Option<ProviderStatus>,
    /// What was received.
    pub amount: ReceivedAmount,
    /// The fee it names.
    pub fee: Option<Amount>,
    /// Its own number for the payment.
    pub provider_reference: Option<String>,
    /// What tells one receipt from another (SNAP VA `paymentRequestId`).
    pub payment_request_id: Option<String>,
    /// When it says the payer paid.
    pub finished_at: Option<DateTime<Utc>>,
}

impl ProviderWord {
    /// The word of a callback.
    #[must_use]
    pub fn of_notification(notification: &Notification, channelled: Channelled) -> Self {
        Self {
            channelled,
            status: notification.status(),
            amount: notification.amount,
            fee: notification.fee_money.read(),
            provider_reference: notification.provider_reference.clone(),
            payment_request_id: notification.payment_request_id.clone(),
            finished_at: notification.finished_time,
        }
    }

    /// The word of an answer to our own question.
    #[must_use]
    pub fn of_inquiry(answer: &InquiryAnswer) -> Self {
        Self {
            channelled: Channelled::Inquiry,
            status: Some(answer.status.clone()),
            amount: answer.amount,
            fee: answer.fee_money.read(),
            provider_reference: answer.provider_reference.clone(),
            payment_request_id: None,
            finished_at: answer.finished_time,
        }
    }
}

/// The payment the word is about, as it is now.
#[derive(Debug, Clone)]
pub struct Known {
    /// State.
    pub state: PaymentState,
    /// What it asked for.
    pub asked: Amount,
    /// How what is received relates to it.
    pub amount_rule: AmountRule,
    /// Whether the provider can be asked about it (not a payment link).
    pub can_inquire: bool,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// Its money still booked to the merchant.
    pub held_for_merchant: Amount,
    /// Its money in suspense.
    pub held_in_suspense: Amount,
    /// What was given back so far.
    pub refunded: Amount,
    /// The request keys of its receipts that are known by one.
    pub receipt_keys: Vec<String>,
    /// The keys among them whose money is in suspense.
    pub suspense_keys: Vec<String>,
    /// The keys among them whose money was given back.
    pub returned_keys: Vec<String>,
}

/// What to do about a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Apply this fact over this money.
    Apply(Fact, Option<Amount>),
    /// Ask the provider before anything changes.
    Ask,
    /// Nothing follows.
    Nothing,
}

/// Reads a word.
#[must_use]
pub fn read(word: &ProviderWord, known: &Known, now: DateTime<Utc>) -> Reading {
    let Some(status) = &word.status else {
        return Reading::Ask;
    };
    if word.channelled == Channelled::StaleCallback {
        return match (known.can_inquire, status) {
            (true, _) => Reading::Ask,
            (false, ProviderStatus::Success) => Reading::Apply(Fact::PaidUnproven, None),
            (
                false,
                ProviderStatus::Initiated
                | ProviderStatus::Paying
                | ProviderStatus::Pending
                | ProviderStatus::Refunded
                | ProviderStatus::Cancelled
                | ProviderStatus::Failed
                | ProviderStatus::NotFound
                | ProviderStatus::Other(_),
            ) => Reading::Nothing,
        };
    }
    match status {
        ProviderStatus::Success => success(word, known),
        ProviderStatus::Initiated | ProviderStatus::Pending => {
            Reading::Apply(Fact::ProviderOpen, None)
        }
        ProviderStatus::Paying => Reading::Apply(Fact::ProviderPaying, None),
        ProviderStatus::Refunded => refunded(word, known),
        ProviderStatus::Cancelled => {
            let window = TimeDelta::seconds(EXPIRY_WINDOW_SECONDS);
            let near_expiry = known
                .expires_at
                .checked_sub_signed(window)
                .is_none_or(|edge| now >= edge);
            let fact = if near_expiry {
                Fact::ProviderExpired
            } else {
                Fact::ProviderCancelled
            };
            Reading::Apply(fact, None)
        }
        ProviderStatus::Failed => Reading::Apply(Fact::ProviderFailed, None),
        ProviderStatus::NotFound => Reading::Apply(Fact::NotFound, None),
        ProviderStatus::Other(_) => Reading::Nothing,
    }
}

fn success(word: &ProviderWord, known: &Known) -> Reading {
    let settled = matches!(known.state, PaymentState::Paid | PaymentState::Refunded);
    let received = match word.amount {
        ReceivedAmount::Read(amount) => amount,
        // Not an amount of ours at all: never paid, a person looks (contract 4.2).
        ReceivedAmount::Unreadable if !settled => {
            return Reading::Apply(Fact::PaidOtherAmount, None);
        }
        ReceivedAmount::Unreadable | ReceivedAmount::Absent if settled => {
            return Reading::Apply(Fact::PaidInFull, None);
        }
        ReceivedAmount::Unreadable | ReceivedAmount::Absent => return unproven(word, known),
    };
    if settled && names_another_receipt(word, known) {
        return Reading::Apply(Fact::PaidAgain, Some(received));
    }
    let fee_needed = matches!(
        known.amount_rule,
        AmountRule::PlusFee | AmountRule::NetOfFee
    );
    if fee_needed && word.fee.is_none() && !settled {
        return unproven(word, known);
    }
    if known.amount_rule.matches(known.asked, received, word.fee) {
        Reading::Apply(Fact::PaidInFull, Some(known.asked))
    } else {
        Reading::Apply(Fact::PaidOtherAmount, Some(received))
    }
}

fn unproven(word: &ProviderWord, known: &Known) -> Reading {
    match word.channelled {
        Channelled::Callback | Channelled::StaleCallback if known.can_inquire => Reading::Ask,
        Channelled::Callback | Channelled::StaleCallback | Channelled::Inquiry => {
            Reading::Apply(Fact::PaidUnproven, None)
        }
    }
}

/// Only SNAP VA notices name their receipt; a receipt first seen without a name takes the first
/// name that comes, since an inquiry and a notice may speak of one payment differently.
fn names_another_receipt(word: &ProviderWord, known: &Known) -> bool {
    word.payment_request_id
        .as_ref()
        .is_some_and(|key| !known.receipt_keys.is_empty() && !known.receipt_keys.contains(key))
}

fn refunded(word: &ProviderWord, known: &Known) -> Reading {
    let amount = word.amount.read();
    let nothing_held = known.held_for_merchant.is_zero() && known.held_in_suspense.is_zero();
    if nothing_held {
        return Reading::Apply(Fact::RefundWithoutReceipt, amount);
    }
    if names_one_of(word, &known.returned_keys) {
        return Reading::Nothing;
    }
    let beside_its_own =
        known.state == PaymentState::Refunded || !known.held_for_merchant.is_zero();
    if beside_its_own && names_one_of(word, &known.suspense_keys) {
        return Reading::Apply(Fact::FurtherReceiptRefunded, amount);
    }
    let held = if known.held_for_merchant.is_zero() {
        known.held_in_suspense
    } else {
        known.held_for_merchant
    };
    // The amount of a 04 is the total given back so far, so that hearing it twice does nothing.
    let Some(total) = amount else {
        return Reading::Apply(Fact::ProviderRefunded, None);
    };
    match total.checked_sub(known.refunded) {
        Ok(part) if part.is_zero() => Reading::Nothing,
        Ok(part) if part.minor() < held.minor() => {
            Reading::Apply(Fact::ProviderPartlyRefunded, Some(part))
        }
        Ok(_) => Reading::Apply(Fact::ProviderRefunded, None),
        Err(_less_than_before) => Reading::Nothing,
    }
}

fn names_one_of(word: &ProviderWord, keys: &[String]) -> bool {
    [&word.payment_request_id, &word.provider_reference]
        .into_iter()
        .flatten()
        .any(|key| keys.contains(key))
}

/// When it was paid (contract 4.2): the provider's time where it is readable, not in the future and
/// not before the order was made; else when we received it.
#[must_use]
pub fn paid_at(
    finished_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
) -> DateTime<Utc> {
    finished_at
        .filter(|at| *at >= created_at && *at <= received_at)
        .unwrap_or(received_at)
}

#[cfg(test)]
mod tests;
