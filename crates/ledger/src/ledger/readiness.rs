//! Readiness: whether a service can do its work, that is, read through the pool, write through the writer, on a schema that
//! is as new as the program.

use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::ledger::Ledger;

/// The reason why a service is not ready.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// Nothing can be read.
    #[error("{0}")]
    Away(LedgerError),
    /// Nothing can be written.
    #[error("the writer: {0}")]
    CannotWrite(LedgerError),
    /// The schema lacks these migrations.
    #[error("the schema is behind, run `gatewayctl migrate`: {}", .0.join(", "))]
    SchemaBehind(Vec<String>),
}

impl Ledger {
    /// Takes the paths that a create takes: through the pool, and through the writer with a commit that has to reach
    /// the disk, and the standby where there is one.
    ///
    /// # Errors
    /// [`NotReady`], after the deadline at the latest.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let reads = async {
            let missing = self
                .at(Urgency::Write)
                .transact(|tx| tx.missing_migrations())
                .await;
            match missing.map_err(NotReady::Away)? {
                missing if missing.is_empty() => Ok(()),
                missing => Err(NotReady::SchemaBehind(missing)),
            }
        };
        let writes = async {
            let written = tokio::time::timeout(self.deadline(), self.check_writer()).await;
            let late = || LedgerError::Unavailable("no answer within the deadline".to_owned());
            written
                .unwrap_or_else(|_elapsed| Err(late()))
                .map_err(NotReady::CannotWrite)
        };
        tokio::try_join!(reads, writes).map(|_| ())
    }
}
