//! A refund that a person completes with evidence: it is completed, and booked.

use ayolinx_core::ids::{MerchantId, RefundId};

use crate::error::LedgerError;
use crate::payments::observation::Observation;
use crate::refunds::requests::{CANCELLED, COMPLETED, RefundCompletion, RefundLine, RefundRefused};
use crate::rows::values::amount;
use crate::tx::Tx;

impl Tx<'_> {
    /// Completes and books a refund that a person says went back.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn complete_refund(
        &mut self,
        merchant: MerchantId,
        id: RefundId,
        how: &RefundCompletion,
    ) -> Result<Result<RefundLine, RefundRefused>, LedgerError> {
        let known = self.refund_row(merchant, id)?;
        // The order first, as everywhere; then the refund as it is under that lock.
        let mut locked = self.lock_order(known.order_id)?;
        let row = self.refund_row(merchant, id)?;
        if row.state == COMPLETED {
            let same = row.evidence.as_deref() == Some(how.evidence.as_str());
            return match same {
                true => row.line(self.context).map(Ok),
                false => Ok(Err(RefundRefused::CompletedOtherwise)),
            };
        }
        if row.state == CANCELLED {
            return Ok(Err(RefundRefused::Cancelled));
        }
        let payment = locked.payment(row.payment_id)?;
        let held = payment.held_for_merchant()?;
        let part = amount(row.amount_minor, &row.currency)?;
        if part.minor() > held.minor() {
            return Ok(Err(match held.is_zero() {
                true => RefundRefused::NotPaid,
                false => RefundRefused::MoreThan(held),
            }));
        }
        // Completed first: what the books then tell must not close it a second time.
        self.end_refund(row.id, Some(&how.evidence), how.source)?;
        let payment = payment.id();
        let observation = Observation::refund_completed(how.source, part);
        self.apply_to(&mut locked, payment, &observation)?;
        self.record_refund(&locked, &row, how.source, "refund_evidenced");
        self.refund_row(merchant, id)?.line(self.context).map(Ok)
    }
}
