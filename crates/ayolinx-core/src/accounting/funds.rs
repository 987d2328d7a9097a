//! The money of an order as the provider reported it: the receipts of each payment, and the notices
//! that no receipt came to yet. Reports are taken in here. Every rule is a join: whichever report
//! comes first, the same reports end in the same facts (contract 4.2).

use chrono::{DateTime, Utc};

use crate::accounting::receipt::{
    Notice, NoticeName, NoticeSays, NoticeVerdict, Place, Receipt, ReceiptDetails, Returned,
    Verdict,
};
use crate::channels::AmountRule;
use crate::values::ids::{PaymentId, ReceiptId};
use crate::values::money::{Amount, AmountError};
use crate::values::states::{OrderState, PaymentState};

mod identity;

/// A payment with all that is known of its money.
#[derive(Debug, Clone)]
pub struct PaymentFunds {
    /// Identity.
    pub id: PaymentId,
    /// The attempt's state apart from money: never paid, review or refunded.
    pub base: PaymentState,
    /// The amount that it asked for.
    pub asked: Amount,
    /// The relation of what is received to what was asked for.
    pub amount_rule: AmountRule,
    /// Set when the provider can be asked about it (not a payment link).
    pub can_inquire: bool,
    /// Set when the provider's number in a callback tells one transfer from another (virtual account).
    pub names_transfers: bool,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// The sums that came, in the order in which they were first reported.
    pub receipts: Vec<Receipt>,
    /// The reports about receipts that did not name the amount.
    pub notices: Vec<Notice>,
}

/// An order with all that is known of its money.
#[derive(Debug, Clone)]
pub struct OrderFunds {
    /// The state now.
    pub state: OrderState,
    /// The state without any money: pending, expired, cancelled or failed.
    pub base: OrderState,
    /// Set when it was created without a payment: the payer chooses on the checkout page.
    pub payer_chooses: bool,
    /// Set when its time is not over.
    pub is_in_time: bool,
    /// Its payments.
    pub payments: Vec<PaymentFunds>,
}

impl OrderFunds {
    /// Returns the payment of this id.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&PaymentFunds> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// Returns the payment of this id, to be changed.
    pub fn payment_mut(&mut self, id: PaymentId) -> Option<&mut PaymentFunds> {
        self.payments.iter_mut().find(|payment| payment.id == id)
    }
}

/// A success that names its sum.
#[derive(Debug, Clone)]
pub struct Success {
    /// The receipt's `paymentRequestId`, where it is named.
    pub key: Option<String>,
    /// The provider's number.
    pub provider_reference: Option<String>,
    /// The sum.
    pub received: Amount,
    /// The other details that were reported.
    pub details: ReceiptDetails,
    /// The time at which it was paid, as the provider says.
    pub finished_at: Option<DateTime<Utc>>,
}

impl PaymentFunds {
    /// Returns whether a sum is the one that was asked for.
    #[must_use]
    pub fn is_right(&self, received: Amount, fee: Option<Amount>) -> bool {
        self.amount_rule.matches(self.asked, received, fee)
    }

    /// Takes a success in. Returns whether anything was learnt by it.
    pub fn take_success(&mut self, success: &Success, id: ReceiptId, now: DateTime<Utc>) -> bool {
        let place = self.receipt_of(success);
        let (asked, rule) = (self.asked, self.amount_rule);
        let Some(receipt) = place.and_then(|place| self.receipts.get_mut(place)) else {
            self.receipts.push(Receipt {
                id,
                key: success.key.clone(),
                provider_reference: success.provider_reference.clone(),
                received: success.received,
                is_right: rule.matches(asked, success.received, success.details.fee),
                verdict: None,
                given_back: Returned::NONE,
                details: success.details.clone(),
                finished_at: success.finished_at,
                received_at: now,
                posted: None,
            });
            return true;
        };
        let before = receipt.clone();
        take_names(receipt, success);
        receipt.details.learn(&success.details);
        take_sum(receipt, success.received, (asked, rule));
        if receipt.key.is_none() && receipt.received != before.received {
            // The provider's number and time belong to the report whose sum counts now.
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
            receipt.finished_at = success.finished_at;
        }
        *receipt != before
    }

    /// Keeps a report about a receipt without its amount. Returns whether anything was learnt by
    /// it.
    pub fn take_notice(&mut self, name: NoticeName, says: NoticeSays) -> bool {
        let has_receipts = !self.receipts.is_empty();
        let known = self.notices.iter_mut().find(|known| {
            known.name == name
                && std::mem::discriminant(&known.says) == std::mem::discriminant(&says)
        });
        let Some(known) = known else {
            self.notices.push(Notice {
                name,
                says,
                verdict: None,
            });
            return true;
        };
        match (known.says, says) {
            (NoticeSays::Returned(before), NoticeSays::Returned(now)) => {
                let joined = before.join(now);
                if joined == before {
                    // A person rejected it when there was no receipt. Now there is one that it
                    // belongs to.
                    let is_open_again =
                        has_receipts && known.verdict == Some(NoticeVerdict::Rejected);
                    if is_open_again {
                        known.verdict = None;
                    }
                    return is_open_again;
                }
                known.says = NoticeSays::Returned(joined);
                // The person rejected a smaller return than this.
                known.verdict = None;
                true
            }
            (NoticeSays::Paid | NoticeSays::Returned(_), _) => false,
        }
    }

    /// Records that there is money of a success whose amount the provider never named: a person
    /// vouches for it.
    pub fn vouch(&mut self, id: ReceiptId, now: DateTime<Utc>) {
        self.receipts.push(Receipt {
            id,
            key: None,
            provider_reference: None,
            received: self.asked,
            is_right: true,
            verdict: Some(Verdict::Accepted),
            given_back: Returned::NONE,
            details: ReceiptDetails::default(),
            finished_at: None,
            received_at: now,
            posted: None,
        });
        self.close_notices(NoticeVerdict::Rejected);
    }

    /// Settles or rejects the open notices, as a person decided.
    pub fn close_notices(&mut self, verdict: NoticeVerdict) {
        let open: Vec<NoticeName> = self
            .open_notices()
            .map(|notice| notice.name.clone())
            .collect();
        for notice in &mut self.notices {
            if notice.verdict.is_none() && open.contains(&notice.name) {
                notice.verdict = Some(verdict);
            }
        }
    }

    /// Returns the notices that keep a payment under review: a claim of money that no receipt came
    /// to, or money that went back before any came.
    pub fn open_notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(|notice| {
            notice.verdict.is_none()
                && match notice.says {
                    NoticeSays::Paid => match &notice.name {
                        NoticeName::Nothing | NoticeName::Inquiry(_) => self.receipts.is_empty(),
                        NoticeName::Key(name) | NoticeName::Reference(name) => {
                            self.named(Some(name), None).is_none()
                        }
                    },
                    NoticeSays::Returned(returned) => {
                        !returned.is_nothing() && self.receipts.is_empty()
                    }
                }
        })
    }

    /// Returns the part of each receipt's booked amount that went back, by all that is known. What
    /// persons gave back is in booked money; the amount rule is for the provider's figures only.
    #[must_use]
    pub fn returned(&self) -> Vec<Amount> {
        let mut all = vec![Returned::NONE; self.receipts.len()];
        for notice in &self.notices {
            let place = self.receipt_of_notice(notice);
            if let (Some(place), Some(returned)) = (place, notice.returned())
                && let Some(known) = all.get_mut(place)
            {
                *known = known.join(returned);
            }
        }
        (self.receipts.iter().zip(all))
            .map(|(receipt, told)| {
                let amount = receipt.amount(self.asked);
                let told = receipt.returned_of(amount, told);
                let given = receipt.given_back_of(amount);
                if given.minor() > told.minor() {
                    given
                } else {
                    told
                }
            })
            .collect()
    }

    /// Gives back `part` of what is booked to the merchant, as a person asked, from the earliest
    /// receipts.
    ///
    /// # Errors
    /// [`AmountError`] when more than that is booked.
    pub fn give_back(&mut self, part: Amount) -> Result<(), AmountError> {
        let mut left = part;
        for receipt in &mut self.receipts {
            let Some(posted) = receipt.posted.filter(|it| it.place == Place::Booked) else {
                continue;
            };
            if left.is_zero() {
                return Ok(());
            }
            let rest = posted.rest()?;
            if left.minor() >= rest.minor() {
                receipt.given_back = Returned::WHOLE.join(receipt.given_back);
                left = left.checked_sub(rest)?;
            } else {
                receipt.given_back = Returned {
                    total: posted.returned.checked_add(left)?,
                    whole: false,
                }
                .join(receipt.given_back);
                left = Amount::ZERO;
            }
        }
        if left.is_zero() {
            Ok(())
        } else {
            Err(AmountError::OutOfRange)
        }
    }
}

/// Takes over the names of a success. A report that names its receipt prevails over one that does
/// not.
fn take_names(receipt: &mut Receipt, success: &Success) {
    let names_it = success.key.is_some() && receipt.key == success.key;
    let gives_name = success.key.is_some() && receipt.key.is_none();
    if gives_name {
        receipt.key.clone_from(&success.key);
        if success.provider_reference.is_some() {
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
        }
        receipt.finished_at = success.finished_at;
    } else if names_it || receipt.key.is_none() {
        if receipt.provider_reference.is_none() {
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
        }
        receipt.finished_at = match (receipt.finished_at, success.finished_at) {
            (Some(known), Some(told)) => Some(known.min(told)),
            (known, told) => known.or(told),
        };
    } else if receipt.finished_at.is_none() {
        receipt.finished_at = success.finished_at;
    }
}

/// Takes over the right one of two sums reported for one receipt, else the larger: not the later
/// one, which depends on the order of the reports.
fn take_sum(receipt: &mut Receipt, received: Amount, (asked, rule): (Amount, AmountRule)) {
    let fee = receipt.details.fee;
    let was_right = receipt.is_right;
    if !was_right {
        if rule.matches(asked, received, fee) {
            receipt.received = received;
            receipt.is_right = true;
        } else if received.minor() > receipt.received.minor() {
            receipt.received = received;
            if receipt.verdict == Some(Verdict::Rejected) {
                receipt.verdict = None;
            }
        }
        receipt.is_right = receipt.is_right || rule.matches(asked, receipt.received, fee);
    }
    if receipt.is_right && !was_right && receipt.verdict == Some(Verdict::Rejected) {
        receipt.verdict = None;
    }
}
