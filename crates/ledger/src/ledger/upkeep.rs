//! Upkeep of the monthly partitions: those ahead are made, those whose retention is over are
//! dropped.

use std::time::Duration;

use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::migrate::partitions::{Family, HeldPartition, Retention, TRIES, TRY_PAUSE, Upkeep};
use crate::tx::Tx;

/// The deadline, long since dropping removes files.
const PATIENCE: Duration = Duration::from_secs(60);

impl Ledger {
    /// Makes the partitions ahead and drops those whose retention is over. Any number of replicas
    /// may do it.
    ///
    /// # Errors
    /// As [`crate::Books::transact`]; what was done before stays done.
    pub async fn keep_partitions(&self, retention: Retention) -> Result<Upkeep, LedgerError> {
        let mut done = Upkeep {
            made: self.patiently(|tx| tx.make_partitions()).await?,
            ..Upkeep::default()
        };
        for family in Family::ALL {
            let months = retention.of(family);
            let over = self.patiently(move |tx| tx.drop_partitions(family, months));
            for one in over.await? {
                match one.due {
                    None => done.dropped.push(one.name),
                    Some(due) => {
                        let name = one.name;
                        done.held.push(HeldPartition { name, due });
                    }
                }
            }
        }
        Ok(done)
    }

    /// Runs `work` again as long as a lock is not to be had.
    async fn patiently<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Copy + Send + 'static,
    ) -> Result<T, LedgerError> {
        for _ in 1..TRIES {
            match self
                .at(Urgency::Write)
                .transact_within(PATIENCE, work)
                .await
            {
                Err(error) if error.is_transient() => tokio::time::sleep(TRY_PAUSE).await,
                done => return done,
            }
        }
        self.at(Urgency::Write)
            .transact_within(PATIENCE, work)
            .await
    }
}
