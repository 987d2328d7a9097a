//! Interprets a report of the provider about one payment: from status, amount and freshness to a
//! fact, to something learnt of its money, or to the wish to ask first (contract 4.2 and 5,
//! protocol 5).

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounting::funds::{PaymentFunds, Success};
use crate::accounting::receipt::{NoticeName, NoticeSays, ReceiptDetails, Returned};
use crate::orders::payment::{Fact, MoneyFact};
use crate::provider::messages::inquiry::InquiryAnswer;
use crate::provider::messages::notification::Notification;
use crate::provider::messages::{ProviderStatus, ReceivedAmount};
use crate::values::ids::ReceiptId;
use crate::values::money::Amount;

/// Status 05 this close to expiry, or past it, is an expiry (contract 4.2).
const EXPIRY_WINDOW_SECONDS: i64 = 60;

/// The way by which a report reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channelled {
    /// A verified callback inside its time window.
    Callback,
    /// A verified callback whose timestamp is too old, in the future, or unreadable.
    StaleCallback,
    /// The answer to our own question.
    Inquiry,
}

/// A report of the provider.
#[derive(Debug, Clone)]
pub struct ProviderWord {
    /// The way by which it reached us.
    pub channelled: Channelled,
    /// Its status; `None` for a SNAP VA notice that carries a `paymentFlagStatus` other than `00`.
    pub status: Option<ProviderStatus>,
    /// The amount that was received.
    pub amount: ReceivedAmount,
    /// The provider's own number for the payment.
    pub provider_reference: Option<String>,
    /// The id that tells one receipt from another (SNAP VA `paymentRequestId`).
    pub payment_request_id: Option<String>,
    /// The time at which the payer paid, as the provider says.
    pub finished_at: Option<DateTime<Utc>>,
    /// The channel it names: for a payment link, what the payer chose.
    pub channel: Option<String>,
    /// The other details that it reports of the receipt.
    pub details: ReceiptDetails,
}

impl ProviderWord {
    /// Creates the report of a callback.
    #[must_use]
    pub fn of_notification(notification: &Notification, channelled: Channelled) -> Self {
        Self {
            channelled,
            status: notification.status(),
            amount: notification.amount,
            provider_reference: name(notification.provider_reference.as_deref()),
            payment_request_id: name(notification.payment_request_id.as_deref()),
            finished_at: notification.finished_time,
            channel: notification.channel.clone(),
            details: notification.details.clone(),
        }
    }

    /// Creates the report of an answer to our own question.
    #[must_use]
    pub fn of_inquiry(answer: &InquiryAnswer) -> Self {
        Self {
            channelled: Channelled::Inquiry,
            status: Some(answer.status.clone()),
            amount: answer.amount,
            provider_reference: name(answer.provider_reference.as_deref()),
            payment_request_id: None,
            finished_at: answer.finished_time,
            channel: answer.channel.clone(),
            details: answer.details.clone(),
        }
    }

    fn success(&self, received: Amount) -> Success {
        Success {
            key: self.payment_request_id.clone(),
            provider_reference: self.provider_reference.clone(),
            received,
            details: self.details.clone(),
            finished_at: self.finished_at,
        }
    }
}

/// Returns a name without the blanks around it, which are no part of it.
fn name(told: Option<&str>) -> Option<String> {
    told.map(|told| told.trim().to_owned())
}

/// The consequence of a report.
#[derive(Debug, Clone)]
pub enum Reading {
    /// Apply this fact about the attempt.
    Attempt(Fact),
    /// Take this sum in.
    Receipt(Success),
    /// Keep what is said of a receipt without its sum.
    Notice(NoticeName, NoticeSays),
    /// Ask the provider before anything changes.
    Ask,
    /// Nothing follows.
    Nothing,
}

/// Interprets a report about a payment of which this is known.
#[must_use]
pub fn read(word: &ProviderWord, known: &PaymentFunds, now: DateTime<Utc>) -> Reading {
    let Some(status) = &word.status else {
        return Reading::Ask;
    };
    if word.channelled == Channelled::StaleCallback {
        return match (known.can_inquire, status) {
            (true, _) => Reading::Ask,
            (false, ProviderStatus::Success) => claim(word),
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
        ProviderStatus::Initiated | ProviderStatus::Pending => Reading::Attempt(Fact::ProviderOpen),
        ProviderStatus::Paying => Reading::Attempt(Fact::ProviderPaying),
        ProviderStatus::Refunded => returned(word, known),
        ProviderStatus::Cancelled => {
            let window = TimeDelta::seconds(EXPIRY_WINDOW_SECONDS);
            let near_expiry = known
                .expires_at
                .checked_sub_signed(window)
                .is_none_or(|edge| now >= edge);
            Reading::Attempt(if near_expiry {
                Fact::ProviderExpired
            } else {
                Fact::ProviderCancelled
            })
        }
        ProviderStatus::Failed => Reading::Attempt(Fact::ProviderFailed),
        ProviderStatus::NotFound => Reading::Attempt(Fact::NotFound),
        ProviderStatus::Other(_) => Reading::Nothing,
    }
}

fn success(word: &ProviderWord, known: &PaymentFunds) -> Reading {
    let key = word.payment_request_id.as_deref();
    let is_known = match key {
        Some(_) => known.named(key, None).is_some(),
        None => !known.receipts.is_empty(),
    };
    match word.amount {
        ReceivedAmount::Read(received) if !received.is_zero() => {
            let success = word.success(received);
            let place = known.receipt_of(&success);
            let receipt = place.and_then(|place| known.receipts.get(place));
            let is_settled = receipt.is_some_and(|receipt| receipt.is_right);
            let lacks_fee = known.amount_rule.needs_fee() && success.details.fee.is_none();
            if lacks_fee
                && !is_settled
                && word.channelled == Channelled::Callback
                && known.can_inquire
            {
                return Reading::Ask;
            }
            Reading::Receipt(success)
        }
        ReceivedAmount::Read(_) | ReceivedAmount::Unreadable | ReceivedAmount::Absent
            if is_known =>
        {
            Reading::Nothing
        }
        // Not an amount of ours at all: never paid, a person looks (contract 4.2).
        ReceivedAmount::Unreadable => claim(word),
        ReceivedAmount::Read(_) | ReceivedAmount::Absent => {
            if word.channelled == Channelled::Callback && known.can_inquire {
                Reading::Ask
            } else {
                claim(word)
            }
        }
    }
}

fn claim(word: &ProviderWord) -> Reading {
    let name = match &word.payment_request_id {
        Some(key) => NoticeName::Key(key.clone()),
        None => NoticeName::Nothing,
    };
    Reading::Notice(name, NoticeSays::Paid)
}

/// Interprets status 04. It concerns the receipt it names; its amount is the running total that
/// went back of that receipt (contract 4.2).
fn returned(word: &ProviderWord, known: &PaymentFunds) -> Reading {
    let name = match (&word.payment_request_id, &word.provider_reference) {
        (Some(key), _) => NoticeName::Key(key.clone()),
        (None, Some(reference)) if known.names_transfers => match word.channelled {
            Channelled::Inquiry => NoticeName::Inquiry(reference.clone()),
            Channelled::Callback | Channelled::StaleCallback => {
                NoticeName::Reference(reference.clone())
            }
        },
        (None, _) => NoticeName::Nothing,
    };
    let returned = match word.amount {
        ReceivedAmount::Read(total) => Returned {
            total,
            whole: false,
        },
        ReceivedAmount::Unreadable | ReceivedAmount::Absent => Returned::WHOLE,
    };
    Reading::Notice(name, NoticeSays::Returned(returned))
}

/// The result of taking a reading in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learnt {
    /// The fact for the history.
    pub fact: MoneyFact,
    /// Set when anything was not known before.
    pub is_new: bool,
    /// Set when the provider is to be asked about a receipt that was not reported yet.
    pub asks: bool,
}

impl PaymentFunds {
    /// Takes in a sum that was received. `is_paid` says whether the order has its money already.
    pub fn learn_success(
        &mut self,
        success: &Success,
        is_paid: bool,
        (id, now): (ReceiptId, DateTime<Utc>),
    ) -> Learnt {
        let is_new_receipt = self.receipt_of(success).is_none();
        let is_right = self.is_right(success.received, success.details.fee);
        let is_new = self.take_success(success, id, now);
        let fact = match (is_right, is_new_receipt && is_paid) {
            (_, true) => MoneyFact::PaidAgain,
            (true, false) => MoneyFact::PaidInFull,
            (false, false) => MoneyFact::PaidOtherAmount,
        };
        Learnt {
            fact,
            is_new,
            asks: false,
        }
    }

    /// Takes in a report about a receipt without its sum.
    pub fn learn_notice(&mut self, name: NoticeName, says: NoticeSays) -> Learnt {
        let is_new = match says {
            NoticeSays::Returned(returned) if returned.is_nothing() => false,
            NoticeSays::Returned(_) | NoticeSays::Paid => self.take_notice(name.clone(), says),
        };
        let notice = self.notices.iter().find(|notice| notice.name == name);
        let place = notice.and_then(|notice| self.receipt_of_notice(notice));
        let receipt = place.and_then(|place| self.receipts.get(place));
        let fact = match (says, receipt) {
            (NoticeSays::Paid, _) => MoneyFact::PaidUnproven,
            (NoticeSays::Returned(_), None) => MoneyFact::RefundWithoutReceipt,
            (NoticeSays::Returned(returned), Some(receipt)) => {
                let amount = receipt.amount(self.asked);
                if receipt.returned_of(amount, returned) == amount {
                    MoneyFact::ProviderRefunded
                } else {
                    MoneyFact::ProviderPartlyRefunded
                }
            }
        };
        Learnt {
            fact,
            is_new,
            asks: is_new && fact == MoneyFact::RefundWithoutReceipt && self.can_inquire,
        }
    }
}

/// Returns the time of payment (contract 4.2): the provider's time where it is readable, not in the
/// future and not before the order was made; else the time at which we received it.
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
