//! Housekeeping: rows that are kept for a limited time, and the counts of those whose time was over.

use std::time::Duration;

use chrono::TimeDelta;
use ledger::{GivenUp, Ledger, LedgerError, PRUNED_AT_ONCE, Retention, Urgency};
use prometheus::{IntCounterVec, Opts, Registry};
use service_shell::pace::Did;

const CREATIONS: &str = "creations";
const OF_DISABLED: &str = "deliveries_of_disabled";
const OF_DELETED: &str = "deliveries_of_deleted";
const PAYERS: &str = "payers";

/// The retention of rows that grow with the orders.
#[derive(Debug, Clone)]
pub struct Housekeeping {
    pub(super) retention: Retention,
    /// The time for which deliveries wait for a disabled endpoint.
    disabled_for: TimeDelta,
    removed: IntCounterVec,
}

impl Housekeeping {
    /// Gives up deliveries to an endpoint that is disabled for longer than `disabled_for`. Counters
    /// are registered with `registry`.
    ///
    /// # Errors
    /// Returns an error when the registry has them already.
    pub fn new(
        retention: Retention,
        disabled_for: Duration,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let removed = IntCounterVec::new(
            Opts::new(
                "gateway_retention_removed_total",
                "Rows whose time was over: taken away, or given up",
            ),
            &["what"],
        )?;
        registry.register(Box::new(removed.clone()))?;
        // From the first: what rises from nothing is not seen to rise.
        for what in [CREATIONS, OF_DISABLED, OF_DELETED, PAYERS] {
            removed.with_label_values(&[what]).inc_by(0);
        }
        Ok(Self {
            retention,
            disabled_for: TimeDelta::from_std(disabled_for).unwrap_or(TimeDelta::MAX),
            removed,
        })
    }

    fn count(&self, what: &str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.removed.with_label_values(&[what]).inc_by(count);
    }

    /// Removes a bounded number of old creations.
    ///
    /// # Errors
    /// Returns an error when the database does not answer.
    pub async fn prune_creations(&self, ledger: &Ledger) -> Result<Did, LedgerError> {
        let days = self.retention.creation_days;
        let pruned = ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.prune_creations(days))
            .await?;
        self.count(CREATIONS, pruned);
        Ok(full_step(pruned))
    }

    /// Gives up a bounded number of deliveries that nobody will take.
    ///
    /// # Errors
    /// Returns an error when the database does not answer.
    pub async fn give_up_deliveries(&self, ledger: &Ledger) -> Result<Did, LedgerError> {
        let disabled_for = self.disabled_for;
        let given_up: GivenUp = ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.give_up_deliveries(disabled_for))
            .await?;
        self.count(OF_DISABLED, given_up.disabled);
        self.count(OF_DELETED, given_up.deleted);
        if given_up.all() > 0 {
            let GivenUp { disabled, deleted } = given_up;
            tracing::info!(disabled, deleted, "webhooks given up: nobody takes them");
        }
        Ok(full_step(given_up.all()))
    }

    /// Erases the payers of long ago. Of two replicas at once, one finds that the other has done it.
    pub(super) async fn erase_payers(&self, ledger: &Ledger) -> Result<Did, LedgerError> {
        let erased = ledger.erase_old_payers(self.retention.payers).await?;
        self.count(PAYERS, erased);
        if erased > 0 {
            tracing::info!(erased, "payers of past orders erased");
        }
        Ok(Did::Nothing)
    }
}

/// Returns [`Did::Something`] for a step that took all it may, since more may be left.
fn full_step(count: usize) -> Did {
    if count < PRUNED_AT_ONCE {
        Did::Nothing
    } else {
        Did::Something
    }
}
