//! Takes in what became known about one payment of an order: a fact about the attempt, a report of
//! the provider, or a person's decision. Only the facts change here; what follows is in `order.rs`.

use chrono::{DateTime, Utc};

use crate::accounting::allocation::allocate;
use crate::accounting::funds::{OrderFunds, PaymentFunds};
use crate::accounting::receipt::{NoticeVerdict, Place, Receipt, Returned, Verdict};
use crate::orders::interpretation::{Learnt, ProviderWord, Reading, read};
use crate::orders::order::{Before, Decision, Siblings, attempt, decide};
use crate::orders::payment::{Fact, MoneyFact};
use crate::values::ids::{PaymentId, ReceiptId};
use crate::values::money::{Amount, AmountError};
use crate::values::states::OrderState;

/// Something that became known.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// A fact about the attempt.
    Fact(Fact),
    /// A report of the provider.
    Word(&'a ProviderWord),
    /// A completed refund of this much of what is booked to the merchant.
    RefundCompleted(Amount),
}

/// The result of taking it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The fact's name in the history.
    pub fact: &'static str,
    /// Set when it says anything about money that was not known, beside what the ledger shows.
    pub is_new: bool,
    /// Set when the provider is to be asked.
    pub asks: bool,
    /// Set when the payment is to be closed at the provider, where that can be.
    pub close_at_provider: bool,
}

impl Taken {
    const fn nothing(fact: &'static str) -> Self {
        Self {
            fact,
            is_new: false,
            asks: false,
            close_at_provider: false,
        }
    }
}

/// A person's decision about the money of an order that is under review, or that came beside what
/// was asked for (contract 4.2, `resolve`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewVerdict {
    /// It counts as the payment, with the amount that came.
    Accept,
    /// It was given back.
    Refund,
    /// There was no such money.
    Reject,
}

impl ReviewVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Refund, Self::Reject];

    /// Returns the spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refund => "refund",
            Self::Reject => "reject",
        }
    }

    /// Returns the decision's fact for the history.
    #[must_use]
    pub const fn fact(self) -> MoneyFact {
        match self {
            Self::Accept => MoneyFact::ReviewAccepted,
            Self::Refund => MoneyFact::ReviewRefunded,
            Self::Reject => MoneyFact::ReviewRejected,
        }
    }
}

impl OrderFunds {
    /// Takes in what became known about a payment. `id` becomes that of a receipt not reported
    /// before.
    ///
    /// # Errors
    /// [`AmountError`] when a refund is of more than is booked.
    pub fn take(
        &mut self,
        subject: PaymentId,
        input: &Input<'_>,
        (id, now): (ReceiptId, DateTime<Utc>),
    ) -> Result<Taken, AmountError> {
        let is_paid = self.has_booked();
        let reading = match input {
            Input::Fact(fact) => return Ok(self.take_fact(subject, *fact)),
            Input::RefundCompleted(part) => {
                if let Some(payment) = self.payment_mut(subject) {
                    payment.give_back(*part)?;
                }
                return Ok(Taken {
                    is_new: true,
                    ..Taken::nothing(MoneyFact::RefundCompleted.as_str())
                });
            }
            Input::Word(word) => match self.payment(subject) {
                Some(payment) => read(word, payment, now),
                None => Reading::Nothing,
            },
        };
        let Some(payment) = self.payment_mut(subject) else {
            return Ok(Taken::nothing("no_change"));
        };
        let learnt = match reading {
            Reading::Attempt(fact) => return Ok(self.take_fact(subject, fact)),
            Reading::Ask => {
                return Ok(Taken {
                    asks: true,
                    ..Taken::nothing("asked")
                });
            }
            Reading::Nothing => return Ok(Taken::nothing("no_change")),
            Reading::Receipt(success) => payment.learn_success(&success, is_paid, (id, now)),
            Reading::Notice(name, says) => payment.learn_notice(name, says),
        };
        let Learnt { fact, is_new, asks } = learnt;
        Ok(Taken {
            fact: fact.as_str(),
            is_new,
            asks,
            close_at_provider: false,
        })
    }

    /// Takes in a fact about an attempt. Once money counted as the order's, no further fact changes
    /// anything.
    fn take_fact(&mut self, subject: PaymentId, fact: Fact) -> Taken {
        let mut taken = Taken::nothing(fact.as_str());
        let has_counted = self.payments.iter().any(PaymentFunds::has_counted);
        let others_open =
            (self.payments.iter()).any(|other| other.id != subject && other.base.is_open());
        let (order, payer_chooses) = (self.base, self.payer_chooses);
        let Some(payment) = self.payment_mut(subject) else {
            return taken;
        };
        if payment.has_counted() {
            return taken;
        }
        let siblings = if payer_chooses || others_open {
            Siblings::Payable
        } else {
            Siblings::None
        };
        let after = attempt((payment.base, order), siblings, fact);
        payment.base = after.payment;
        if !has_counted {
            self.base = after.order;
        }
        taken.close_at_provider = after.close_at_provider;
        taken
    }

    fn has_booked(&self) -> bool {
        let is_booked =
            |receipt: &Receipt| receipt.posted.is_some_and(|it| it.place == Place::Booked);
        (self.payments.iter()).any(|payment| payment.receipts.iter().any(is_booked))
    }

    /// Takes in a person's decision about all that waits in suspense and all that is claimed.
    /// Acceptance is about the newest payment that has any, lest the order be paid twice. Returns
    /// the payments that the decision was about.
    ///
    /// # Errors
    /// [`AmountError`] when a sum is out of range.
    pub fn review(
        &mut self,
        verdict: ReviewVerdict,
        (id, now): (ReceiptId, DateTime<Utc>),
    ) -> Result<Vec<PaymentId>, AmountError> {
        if verdict == ReviewVerdict::Accept && self.state != OrderState::Review {
            return Ok(Vec::new());
        }
        let allocation = allocate(self)?;
        let waits: Vec<bool> = (self.payments.iter().zip(&allocation.payments))
            .map(|(payment, allocated)| {
                let suspended =
                    |it: &crate::accounting::receipt::Posted| it.place == Place::Suspense;
                allocated.receipts.iter().any(suspended) || payment.open_notices().next().is_some()
            })
            .collect();
        // Payments stand newest first; those that hold money come before those that claim it.
        let holds = |place: usize| {
            (allocation.payments.get(place))
                .is_some_and(|it| it.receipts.iter().any(|it| it.place == Place::Suspense))
        };
        let mut subjects: Vec<usize> = (0..waits.len())
            .filter(|place| waits.get(*place).copied().unwrap_or(false))
            .collect();
        subjects.sort_by_key(|place| !holds(*place));
        if verdict == ReviewVerdict::Accept {
            subjects.truncate(1);
        }
        let mut done = Vec::new();
        for place in subjects {
            let Some(allocated) = allocation.payments.get(place) else {
                continue;
            };
            let Some(payment) = self.payments.get_mut(place) else {
                continue;
            };
            let suspended: Vec<bool> = (allocated.receipts.iter())
                .map(|it| it.place == Place::Suspense)
                .collect();
            payment.decide_suspended(verdict, &suspended, (id, now));
            done.push(payment.id);
        }
        if verdict == ReviewVerdict::Reject {
            for payment in &done {
                self.take_fact(*payment, Fact::ReviewRejected);
            }
        }
        Ok(done)
    }

    /// Returns whether a person decided so before: the same decision made again changes nothing.
    #[must_use]
    pub fn was_decided(&self, verdict: ReviewVerdict) -> bool {
        self.payments.iter().any(|payment| {
            let receipts = payment.receipts.iter().any(|receipt| match verdict {
                ReviewVerdict::Accept => receipt.verdict == Some(Verdict::Accepted),
                ReviewVerdict::Refund => receipt.verdict == Some(Verdict::Returned),
                ReviewVerdict::Reject => receipt.verdict == Some(Verdict::Rejected),
            });
            let notices = payment.notices.iter().any(|notice| match verdict {
                ReviewVerdict::Accept => false,
                ReviewVerdict::Refund => notice.verdict == Some(NoticeVerdict::Settled),
                ReviewVerdict::Reject => notice.verdict == Some(NoticeVerdict::Rejected),
            });
            receipts || notices
        })
    }
}

impl PaymentFunds {
    /// Returns whether money of it ever counted as the order's.
    #[must_use]
    pub fn has_counted(&self) -> bool {
        self.receipts.iter().any(Receipt::counts)
    }

    fn decide_suspended(
        &mut self,
        verdict: ReviewVerdict,
        suspended: &[bool],
        (id, now): (ReceiptId, DateTime<Utc>),
    ) {
        if !suspended.contains(&true) && verdict == ReviewVerdict::Accept {
            self.vouch(id, now);
            return;
        }
        for (receipt, is_suspended) in self.receipts.iter_mut().zip(suspended) {
            if !is_suspended {
                continue;
            }
            match verdict {
                ReviewVerdict::Accept => receipt.verdict = Some(Verdict::Accepted),
                ReviewVerdict::Refund => {
                    receipt.given_back = Returned::WHOLE;
                    receipt.verdict = Some(Verdict::Returned);
                }
                ReviewVerdict::Reject => receipt.verdict = Some(Verdict::Rejected),
            }
        }
        match verdict {
            ReviewVerdict::Accept => {}
            ReviewVerdict::Refund => self.close_notices(NoticeVerdict::Settled),
            ReviewVerdict::Reject => self.close_notices(NoticeVerdict::Rejected),
        }
    }
}

/// Returns what applying a report of the provider would make of an order, where that is anything.
/// `reconcile` asks this; the same judgement answers that applies reports.
///
/// # Errors
/// [`AmountError`] when a sum is out of range.
pub fn would_change(
    funds: &OrderFunds,
    subject: PaymentId,
    word: &ProviderWord,
    now: DateTime<Utc>,
) -> Result<Option<Decision>, AmountError> {
    let payments = allocate(funds)?.payments;
    let before = Before {
        order: funds.state,
        payments: payments.iter().map(|payment| payment.state).collect(),
    };
    let mut after = funds.clone();
    let id = ReceiptId::from_uuid(uuid::Uuid::nil());
    let taken = after.take(subject, &Input::Word(word), (id, now))?;
    let decision = decide(&before, &after, subject)?;
    Ok((decision.changed || taken.asks).then_some(decision))
}
