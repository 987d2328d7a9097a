//! What a person decides about money that is under review, or that came beside what was asked
//! (contract 4.2).

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::payment::Fact;
use ayolinx_core::states::{OrderState, PaymentState};
use uuid::Uuid;

use crate::apply::Locked;
use crate::error::LedgerError;
use crate::history::Source;
use crate::observation::{Observation, What};
use crate::rows::amount;
use crate::tx::Tx;

/// What becomes of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts as the payment, with the amount that came.
    Accept,
    /// It was given back.
    Refund,
    /// There was no such payment.
    Reject,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Refund, Self::Reject];

    /// The spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refund => "refund",
            Self::Reject => "reject",
        }
    }

    const fn fact(self) -> Fact {
        match self {
            Self::Accept => Fact::ReviewAccepted,
            Self::Refund => Fact::ReviewRefunded,
            Self::Reject => Fact::ReviewRejected,
        }
    }
}

impl Tx<'_> {
    /// Decides what is under review of an order; `false` when nothing is. Of an order that is paid or
    /// given back, [`Verdict::Refund`] says that what was paid beside it went back.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn resolve_review(
        &mut self,
        merchant: MerchantId,
        order: OrderId,
        (verdict, note): (Verdict, Option<&str>),
        source: Source,
    ) -> Result<bool, LedgerError> {
        let mut locked = self.lock_order(order.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        let decided = match locked.order.state()? {
            OrderState::Review => under_review(&locked, verdict)?,
            OrderState::Paid | OrderState::Refunded if verdict == Verdict::Refund => {
                paid_beside(&locked)?
            }
            _ => Vec::new(),
        };
        for (payment, what) in &decided {
            let id = locked.payment(*payment)?.id();
            let observation = Observation {
                detail: note.map(str::to_owned),
                what: what.clone(),
                ..Observation::fact(source, verdict.fact())
            };
            self.apply_to(&mut locked, id, &observation)?;
        }
        Ok(!decided.is_empty())
    }
}

/// The payments that the verdict is about. One sum is accepted, the newest that came: with another
/// beside it the order would be paid twice.
fn under_review(locked: &Locked, verdict: Verdict) -> Result<Vec<(Uuid, What)>, LedgerError> {
    let mut found = Vec::new();
    for payment in &locked.payments {
        if payment.state()? == PaymentState::Review {
            found.push((payment.suspense_minor == 0, payment.id));
        }
    }
    // Those that hold money come first; newest first among them, as the payments are.
    found.sort_by_key(|(holds_nothing, _)| *holds_nothing);
    let most = match verdict {
        Verdict::Accept => 1,
        Verdict::Refund | Verdict::Reject => found.len(),
    };
    let decided = found.into_iter().take(most);
    Ok(decided
        .map(|(_, id)| (id, What::Fact(verdict.fact())))
        .collect())
}

/// What is held in suspense beside the money of an order, and how it leaves.
fn paid_beside(locked: &Locked) -> Result<Vec<(Uuid, What)>, LedgerError> {
    let mut found = Vec::new();
    for payment in &locked.payments {
        if payment.suspense_minor == 0 {
            continue;
        }
        let what = match payment.state()? {
            // The whole payment was one too many.
            PaymentState::Paid if payment.merchant_minor == 0 => What::Fact(Fact::RefundCompleted),
            PaymentState::Review => What::Fact(Fact::ReviewRefunded),
            _ => {
                let beside = amount(payment.suspense_minor, &payment.currency)?;
                What::Money(Fact::FurtherReceiptRefunded, beside)
            }
        };
        found.push((payment.id, what));
    }
    Ok(found)
}
