//! The close of an order's other open payments, once one of them can be paid or was.

use ayolinx_core::order::Close;
use ayolinx_core::payment::{Fact, Step, step};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::tx::Tx;

impl Tx<'_> {
    /// Withdraws other open payments of an order: all when it is paid, only the earlier ones when
    /// it can now be paid another way; a later payment, whose call may be under way, stays.
    pub(crate) fn close_others(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        close: Close,
    ) -> Result<(), LedgerError> {
        let position = locked.payment(id)?.position;
        let others: Vec<Uuid> = locked
            .payments
            .iter()
            .filter(|other| other.id != id)
            .filter(|other| close == Close::Others || other.position < position)
            .map(|other| other.id)
            .collect();
        for other in others {
            self.withdraw(locked, other)?;
        }
        Ok(())
    }

    /// Withdraws one payment of a locked order, if it is open.
    pub(crate) fn withdraw(&mut self, locked: &mut Locked, id: Uuid) -> Result<(), LedgerError> {
        if !locked.payment(id)?.state()?.is_open() {
            return Ok(());
        }
        let now = self.now()?;
        let before = locked.payment(id)?.state()?;
        let Step::To(after) = step(before, Fact::Withdrawn) else {
            return Ok(());
        };
        let row = locked.payment_mut(id)?;
        after.as_str().clone_into(&mut row.state);
        row.updated_at = now;
        let row = row.clone();
        self.plan_after(&row, before, true)?;
        self.tally.came(&row, after);
        self.writes.payments.insert(id, row);
        self.record(NewHistory {
            order_id: locked.order.id,
            payment_id: Some(id),
            source: Source::Sibling.as_str(),
            fact: Fact::Withdrawn.as_str(),
            payment_from: Some(before.as_str()),
            payment_to: Some(after.as_str()),
            order_from: None,
            order_to: None,
            order_version: Some(locked.order.version),
            detail: None,
        });
        Ok(())
    }
}
