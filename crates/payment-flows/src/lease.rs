//! The lease under which a worker calls the provider: nothing is sent on a lease that could end before the call does
//! (contract 3).

use std::time::Instant;

use ledger::{LeasedWork, LedgerError, Urgency};

use crate::flows::Flows;

/// The lease that a call is made under.
#[derive(Debug)]
pub(crate) struct Lease(Option<LeasedWork>);

impl Lease {
    /// Returns no lease, for the call of a request: nobody else would make it.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Returns a worker's lease on this piece of work.
    pub(crate) fn on(work: &LeasedWork) -> Self {
        Self(Some(work.clone()))
    }
}

impl Flows {
    /// Makes this lease last for one more call, and renews it where it would not.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when another worker has the piece: nothing is sent, settled or learnt of it.
    /// Another [`LedgerError`] when the lease cannot be renewed.
    pub(crate) async fn hold_for_a_call(&self, lease: &mut Lease) -> Result<(), LedgerError> {
        let Some(work) = &lease.0 else {
            return Ok(());
        };
        if self.outlasts_a_call(work) {
            return Ok(());
        }
        let held = work.clone();
        let renewed = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.renew_work(&held))
            .await?;
        let renewed = renewed.filter(|renewed| self.outlasts_a_call(renewed));
        let Some(renewed) = renewed else {
            tracing::warn!(payment.id = %work.payment_id, "too late to send: the lease ends");
            return Err(LedgerError::Conflict("another worker has it".to_owned()));
        };
        *lease = Lease::on(&renewed);
        Ok(())
    }

    fn outlasts_a_call(&self, work: &LeasedWork) -> bool {
        let left = work.lease_ends.saturating_duration_since(Instant::now());
        left >= self.client.timeout()
    }
}
