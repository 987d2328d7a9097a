//! The erasure of payers: of one order, or of all whose retention is over.

use ayolinx_core::ids::OrderId;
use uuid::Uuid;

use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::privacy::erase::{Erased, Erasing};
use crate::rows::history::Source;

impl Ledger {
    /// Erases what names the payer of an order.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such order.
    pub async fn erase_payer(&self, order: OrderId, how: &Erasing) -> Result<Erased, LedgerError> {
        let how = how.clone();
        self.at(Urgency::Write)
            .transact(move |tx| tx.erase_payer(order, &how))
            .await
    }

    /// Erases the payers of orders that were made `months` ago or earlier and have ended. Returns
    /// their number.
    ///
    /// # Errors
    /// As [`crate::Books::transact`]; what was erased before stays so.
    pub async fn erase_old_payers(&self, months: u32) -> Result<usize, LedgerError> {
        let how = Erasing {
            source: Source::Retention,
            by: format!("retention of {months} months"),
            with_free_text: false,
            is_dry: false,
        };
        let (mut after, mut erased) = (Uuid::nil(), 0_usize);
        loop {
            let page = self
                .at(Urgency::Write)
                .transact(move |tx| tx.old_payers(months, after))
                .await?;
            let Some(last) = page.last() else {
                return Ok(erased);
            };
            after = *last;
            for order in page {
                match self.erase_payer(OrderId::from_uuid(order), &how).await {
                    Ok(done) => erased = erased.saturating_add(done.payers),
                    Err(error) if error.is_transient() => return Err(error),
                    // One that cannot be opened must not keep the others.
                    Err(error) => tracing::error!(order.id = %order, error = %error, "not erased"),
                }
            }
        }
    }
}
