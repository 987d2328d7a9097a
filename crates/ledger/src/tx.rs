//! `Tx`: the only handle to the tables, alive only inside `Ledger::transact`. Each file of this
//! crate adds the functions of its table.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;

use crate::context::Context;
use crate::error::LedgerError;

/// A time shifted by a span; the end of time where that is beyond it.
pub(crate) fn shifted(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// One open transaction.
pub struct Tx<'a> {
    pub(crate) connection: &'a mut PgConnection,
    pub(crate) context: &'a Context,
    now: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a mut PgConnection, context: &'a Context) -> Self {
        Self {
            connection,
            context,
            now: None,
        }
    }

    /// Runs `work` in a savepoint: when it fails, what it did is undone and nothing else, so that
    /// one broken row does not hold up the others of a batch.
    pub(crate) fn nested<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (context, now) = (self.context, self.now);
        self.connection.transaction(|connection| {
            work(&mut Tx {
                connection,
                context,
                now,
            })
        })
    }

    /// The database's time, the same throughout the transaction: leases and due times of all
    /// replicas are reckoned by one clock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn now(&mut self) -> Result<DateTime<Utc>, LedgerError> {
        if let Some(now) = self.now {
            return Ok(now);
        }
        let row: Now = diesel::sql_query("SELECT now()").get_result(self.connection)?;
        self.now = Some(row.now);
        Ok(row.now)
    }
}
