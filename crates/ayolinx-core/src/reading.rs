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
    let names_suspense = [&word.payment_request_id, &word.provider_reference]
        .into_iter()
        .flatten()
        .any(|key| known.suspense_keys.contains(key));
    if names_suspense && !known.held_for_merchant.is_zero() {
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
mod tests {
    use super::*;
    use crate::money::Currency;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn rupiah(text: &str) -> Amount {
        Amount::parse_decimal(text, Currency::Idr).unwrap()
    }

    fn known(state: PaymentState) -> Known {
        let asked = rupiah("10000");
        Known {
            state,
            asked,
            amount_rule: AmountRule::Exact,
            can_inquire: true,
            expires_at: at(3600),
            held_for_merchant: if state == PaymentState::Paid {
                asked
            } else {
                Amount::ZERO
            },
            held_in_suspense: Amount::ZERO,
            refunded: Amount::ZERO,
            receipt_keys: Vec::new(),
            suspense_keys: Vec::new(),
        }
    }

    fn word(status: &str, amount: ReceivedAmount) -> ProviderWord {
        ProviderWord {
            channelled: Channelled::Callback,
            status: Some(ProviderStatus::from_code(status)),
            amount,
            fee: None,
            provider_reference: None,
            payment_request_id: None,
            finished_at: None,
        }
    }

    #[test]
    fn only_the_right_amount_is_paid() {
        let pending = known(PaymentState::Pending);
        let right = ReceivedAmount::Read(rupiah("10000.00"));
        let wrong = ReceivedAmount::Read(rupiah("9999.00"));
        assert_eq!(
            read(&word("00", right), &pending, at(1)),
            Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
        );
        assert_eq!(
            read(&word("00", wrong), &pending, at(1)),
            Reading::Apply(Fact::PaidOtherAmount, Some(rupiah("9999")))
        );
        assert_eq!(
            read(&word("00", ReceivedAmount::Unreadable), &pending, at(1)),
            Reading::Apply(Fact::PaidOtherAmount, None)
        );
    }

    #[test]
    fn an_amount_that_is_not_there_is_asked_for_and_reviewed_where_nobody_can_be_asked() {
        let mut payment = known(PaymentState::Pending);
        let absent = word("00", ReceivedAmount::Absent);
        assert_eq!(read(&absent, &payment, at(1)), Reading::Ask);
        payment.can_inquire = false;
        assert_eq!(
            read(&absent, &payment, at(1)),
            Reading::Apply(Fact::PaidUnproven, None)
        );
        payment.can_inquire = true;
        let mut inquiry = absent;
        inquiry.channelled = Channelled::Inquiry;
        assert_eq!(
            read(&inquiry, &payment, at(1)),
            Reading::Apply(Fact::PaidUnproven, None)
        );
    }

    #[test]
    fn stale_words_are_hints_only() {
        let mut payment = known(PaymentState::Pending);
        let mut stale = word("00", ReceivedAmount::Read(rupiah("10000")));
        stale.channelled = Channelled::StaleCallback;
        assert_eq!(read(&stale, &payment, at(1)), Reading::Ask);
        payment.can_inquire = false;
        assert_eq!(
            read(&stale, &payment, at(1)),
            Reading::Apply(Fact::PaidUnproven, None)
        );
        stale.status = Some(ProviderStatus::Failed);
        assert_eq!(read(&stale, &payment, at(1)), Reading::Nothing);
    }

    #[test]
    fn a_second_request_id_is_a_second_receipt_and_the_first_one_names_the_first() {
        let mut paid = known(PaymentState::Paid);
        let mut notice = word("00", ReceivedAmount::Read(rupiah("10000")));
        notice.payment_request_id = Some("B".to_owned());
        assert_eq!(
            read(&notice, &paid, at(1)),
            Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
        );
        paid.receipt_keys = vec!["A".to_owned()];
        assert_eq!(
            read(&notice, &paid, at(1)),
            Reading::Apply(Fact::PaidAgain, Some(rupiah("10000")))
        );
    }

    #[test]
    fn a_cancel_near_expiry_is_an_expiry() {
        let pending = known(PaymentState::Pending);
        let cancelled = word("05", ReceivedAmount::Absent);
        for (now, fact) in [
            (3539, Fact::ProviderCancelled),
            (3540, Fact::ProviderExpired),
            (9999, Fact::ProviderExpired),
        ] {
            assert_eq!(
                read(&cancelled, &pending, at(now)),
                Reading::Apply(fact, None)
            );
        }
    }

    #[test]
    fn a_refund_names_a_part_the_whole_or_nothing_we_know() {
        let paid = known(PaymentState::Paid);
        let refund = |text: &str| word("04", ReceivedAmount::Read(rupiah(text)));
        assert_eq!(
            read(&refund("10000"), &paid, at(1)),
            Reading::Apply(Fact::ProviderRefunded, None)
        );
        assert_eq!(
            read(&refund("4000"), &paid, at(1)),
            Reading::Apply(Fact::ProviderPartlyRefunded, Some(rupiah("4000")))
        );
        let mut partly = paid.clone();
        partly.refunded = rupiah("4000");
        partly.held_for_merchant = rupiah("6000");
        assert_eq!(read(&refund("4000"), &partly, at(1)), Reading::Nothing);
        assert_eq!(
            read(&refund("4000"), &known(PaymentState::Pending), at(1)),
            Reading::Apply(Fact::RefundWithoutReceipt, Some(rupiah("4000")))
        );
    }

    #[test]
    fn fees_are_reckoned_by_the_channels_rule() {
        let mut payment = known(PaymentState::Pending);
        payment.amount_rule = AmountRule::PlusFee;
        let mut notice = word("00", ReceivedAmount::Read(rupiah("10500")));
        assert_eq!(read(&notice, &payment, at(1)), Reading::Ask);
        notice.fee = Some(rupiah("500"));
        assert_eq!(
            read(&notice, &payment, at(1)),
            Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
        );
    }

    #[test]
    fn the_providers_time_counts_only_where_it_can_be_true() {
        assert_eq!(paid_at(Some(at(5)), at(0), at(10)), at(5));
        assert_eq!(paid_at(Some(at(0)), at(0), at(10)), at(0));
        assert_eq!(paid_at(Some(at(11)), at(0), at(10)), at(10));
        assert_eq!(paid_at(Some(at(-5)), at(0), at(10)), at(10));
        assert_eq!(paid_at(None, at(0), at(10)), at(10));
    }
}
