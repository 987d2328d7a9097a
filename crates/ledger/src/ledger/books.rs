//! The ledger at an urgency: the only way to a transaction, so that whoever begins one has said how
//! urgent it is.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;

use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::tx::Tx;

/// A ledger for work of one urgency. Cheap to make and to clone.
#[derive(Clone)]
pub struct Books {
    ledger: Ledger,
    urgency: Urgency,
}

impl Ledger {
    /// Returns the ledger for work of this urgency.
    #[must_use]
    pub fn at(&self, urgency: Urgency) -> Books {
        Books {
            ledger: self.clone(),
            urgency,
        }
    }
}

impl Books {
    /// Restricts it like [`Ledger::for_merchant`].
    #[must_use]
    pub fn for_merchant(&self, merchant: MerchantId) -> Self {
        Self {
            ledger: self.ledger.for_merchant(merchant),
            urgency: self.urgency,
        }
    }

    /// Runs `work` in one transaction on a blocking thread and commits when it returns `Ok`.
    ///
    /// # Errors
    /// Those of `work`; [`LedgerError::Overloaded`] when too many wait already;
    /// [`LedgerError::Unavailable`] when the deadline passes or the commit's fate is unknown: the
    /// work may then have happened, so everything written must be safe to do again.
    pub fn transact<T, F>(
        &self,
        work: F,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        self.transact_within(self.ledger.deadline(), work)
    }

    /// Runs `work` like [`Books::transact`] with a deadline of its own, for loops and the operator's
    /// tool.
    ///
    /// # Errors
    /// As [`Books::transact`].
    pub fn transact_within<T, F>(
        &self,
        deadline: Duration,
        work: F,
    ) -> impl Future<Output = Result<T, LedgerError>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let Self { ledger, urgency } = self.clone();
        async move { ledger.transact_at(urgency, deadline, work).await }
    }
}
