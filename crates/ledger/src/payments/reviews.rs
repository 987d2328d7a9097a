//! A person's decisions about money that is under review, or that came beside what was asked
//! (contract 4.2).

use ayolinx_core::ids::{MerchantId, OrderId, ReceiptId};
use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::order::decide;
use ayolinx_core::payment::Fact;
use uuid::Uuid;

use crate::error::LedgerError;
use crate::payments::observation::Observation;
use crate::payments::transition::Decided;
use crate::rows::history::Source;
use crate::tx::Tx;

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// The decision took effect.
    Done,
    /// The same was decided before; nothing changed.
    Already,
    /// There is nothing to be decided so.
    Nothing,
}

impl Tx<'_> {
    /// Decides what waits in suspense, or is claimed, of an order. Of an order that is paid,
    /// [`ReviewVerdict::Refund`] and [`ReviewVerdict::Reject`] are about what came beside its money.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn resolve_review(
        &mut self,
        merchant: MerchantId,
        order: OrderId,
        (verdict, note): (ReviewVerdict, Option<&str>),
        source: Source,
    ) -> Result<Resolved, LedgerError> {
        let mut locked = self.lock_order(order.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        self.read_receipts(&mut locked)?;
        let mut funds = self.funds(&locked)?;
        let now = self.now()?;
        let vouched = ReceiptId::from_uuid(Uuid::now_v7());
        let subjects = funds
            .review(verdict, (vouched, now))
            .map_err(LedgerError::corrupt)?;
        let Some(subject) = subjects.first().copied() else {
            return Ok(match funds.was_decided(verdict) {
                true => Resolved::Already,
                false => Resolved::Nothing,
            });
        };
        let decision = decide(&locked.shown()?, &funds, subject).map_err(LedgerError::corrupt)?;
        let observation = Observation {
            detail: note.map(str::to_owned),
            ..Observation::fact(source, Fact::ReviewRejected)
        };
        let decided = Decided {
            fact: verdict.fact().as_str(),
            subject: subject.as_uuid(),
            decision,
        };
        self.execute(&mut locked, &funds, &observation.storable(), &decided)?;
        Ok(Resolved::Done)
    }
}
