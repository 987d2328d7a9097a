//! One transaction from its session to its commit, and the knowledge of its fate where it fails.
//! Rules from measured traps: reliability T7 (demoted primary), T11 (a commit's fate).

use std::sync::{Arc, OnceLock};

use diesel::connection::{AnsiTransactionManager, TransactionManager};

use crate::database::context::Context;
use crate::database::session::Manager;
use crate::database::transaction::{Opening, in_transaction};
use crate::database::watchdog::Watch;
use crate::error::LedgerError;
use crate::rows::tally::Tally;
use crate::tx::Tx;
use crate::tx::metrics::LedgerMetrics;

/// The pool and the context of every transaction.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) pool: r2d2::Pool<Manager>,
    pub(crate) context: Arc<Context>,
    pub(crate) metrics: Arc<OnceLock<LedgerMetrics>>,
}

/// A transaction that failed.
pub(crate) struct Failed {
    pub(crate) error: LedgerError,
    /// `true` when the server has undone it and is there for others.
    pub(crate) is_undone: bool,
}

impl Database {
    pub(crate) fn count(&self, count: impl FnOnce(&LedgerMetrics)) {
        if let Some(metrics) = self.metrics.get() {
            count(metrics);
        }
    }

    /// Runs one transaction; a failure tells whether it has surely changed nothing.
    pub(crate) fn attempt<T>(
        &self,
        opening: Opening,
        watch: &mut Watch,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, Failed> {
        let mut pooled = self.pool.get().map_err(|error| Failed {
            error: LedgerError::Unavailable(error.to_string()),
            is_undone: false,
        })?;
        watch.heard();
        let mut is_done = false;
        let mut tally = Tally::default();
        let result = in_transaction(&mut pooled.connection, opening, |connection| {
            let mut tx = Tx::new(connection, &self.context);
            let done = work(&mut tx)?;
            tx.flush()?;
            tally = tx.tally;
            is_done = true;
            Ok(done)
        });
        match &result {
            Ok(_) => {
                pooled.was_there();
                self.count(|metrics| metrics.committed(&tally));
            }
            // The next user must ask the server again whether it lives and leads (T7).
            Err(LedgerError::Unavailable(_)) => pooled.may_be_gone(),
            Err(_) => {}
        }
        if watch.is_given_up() {
            pooled.give_up();
        }
        let attempted = result.map_err(|error| {
            // What is left of it is the answer to a commit, or nobody knows how far it came.
            let is_broken =
                AnsiTransactionManager::is_broken_transaction_manager(&mut pooled.connection);
            let is_undone = !is_done && !is_broken;
            Failed { error, is_undone }
        });
        if attempted
            .as_ref()
            .map_or_else(|failed| failed.is_undone, |_| true)
        {
            watch.answered();
        }
        attempted
    }
}
