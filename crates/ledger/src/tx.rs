//! `Tx`: the only handle to the tables, alive only inside `Ledger::transact`. Each file of this
//! crate adds the functions of its table.

use std::time::Instant;

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
    began: Instant,
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
            began: Instant::now(),
        }
    }

    /// Runs `work` in a savepoint: when it fails, what it did is undone and nothing else, so that
    /// one broken row does not hold up the others of a batch.
    pub(crate) fn nested<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let (context, now, began) = (self.context, self.now, self.began);
        self.connection.transaction(|connection| {
            work(&mut Tx {
                connection,
                context,
                now,
                began,
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

    /// When a lease taken in this transaction ends, by this process's own clock: the database's says
    /// nothing to a process that was stopped since.
    pub(crate) fn lease_ends(&self) -> Instant {
        let lease = self.context.plans.lease.to_std().unwrap_or_default();
        self.began.checked_add(lease).unwrap_or(self.began)
    }
}
