//! `Tx`: the only handle to the tables, alive only inside `Books::transact`. Each file of the rooms above adds the
//! functions of its table; what they write is buffered in `rows` until it is needed or the transaction ends.
//! `attempt` begins and commits one, `metrics` counts it, `order_lock` locks an order in it. It calls `rows` and
//! `database`. Invariant: nobody reads around the buffer (`Tx::connection`).

pub(crate) mod attempt;
pub(crate) mod metrics;
pub(crate) mod order_lock;

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;

use crate::database::context::Context;
use crate::database::statement::Named;
use crate::database::transaction::not_given_up;
use crate::error::LedgerError;
use crate::rows::history::NewHistory;
use crate::rows::prefetched::Prefetched;
use crate::rows::tally::Tally;
use crate::rows::write_set::Writes;

/// Returns a time shifted by a span; the end of time where that is beyond it.
pub(crate) fn shifted(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// One open transaction.
pub struct Tx<'a> {
    connection: &'a mut PgConnection,
    pub(crate) context: &'a Context,
    now: Option<DateTime<Utc>>,
    began: Instant,
    pub(crate) prefetched: Prefetched,
    pub(crate) writes: Writes,
    pub(crate) tally: Tally,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: &'a mut PgConnection, context: &'a Context) -> Self {
        Self {
            connection,
            context,
            now: None,
            began: Instant::now(),
            prefetched: Prefetched::default(),
            writes: Writes::default(),
            tally: Tally::default(),
        }
    }

    /// Returns the connection to the tables, after what this transaction wrote so far is written out.
    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, LedgerError> {
        not_given_up()?;
        self.flush()?;
        Ok(self.connection)
    }

    /// Writes the buffered rows out.
    pub(crate) fn flush(&mut self) -> Result<(), LedgerError> {
        self.writes.flush(self.connection)
    }

    /// Writes the buffered rows out together with this statement, and returns what that returns.
    pub(crate) fn flush_with<R>(&mut self, named: Named) -> Result<Vec<R>, LedgerError>
    where
        R: QueryableByName<Pg> + 'static,
    {
        self.writes.flush_with(named, self.connection)
    }

    /// Runs `work` in a savepoint: when it fails, what it did is undone and nothing else, so that one broken row
    /// does not hold up the others of a batch.
    pub(crate) fn nested<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.flush()?;
        let (context, now, began) = (self.context, self.now, self.began);
        let nested = self.connection.transaction(|connection| {
            let mut tx = Tx {
                now,
                began,
                ..Tx::new(connection, context)
            };
            let done = work(&mut tx)?;
            tx.flush()?;
            Ok::<_, LedgerError>((done, tx.tally))
        });
        let (done, tally) = nested?;
        self.tally.and(tally);
        Ok(done)
    }

    /// Returns the database's time, the same throughout the transaction: leases and due times of all replicas are
    /// computed by one clock.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn now(&mut self) -> Result<DateTime<Utc>, LedgerError> {
        if let Some(now) = self.now {
            return Ok(now);
        }
        let now: DateTime<Utc> = diesel::select(diesel::dsl::now.into_sql::<Timestamptz>())
            .get_result(self.connection)?;
        self.now = Some(now);
        Ok(now)
    }

    /// Takes [`Tx::now`] as another statement of this transaction read it.
    pub(crate) const fn is_now(&mut self, now: DateTime<Utc>) {
        self.now = Some(now);
    }

    pub(crate) fn record(&mut self, line: NewHistory) {
        self.writes.history.push(line);
    }

    /// Writes a record to the server's log that is about no row: a commit like any other.
    pub(crate) fn write_nothing(&mut self) -> Result<(), LedgerError> {
        diesel::sql_query("SELECT pg_logical_emit_message(true, 'ayolinx-gateway', '')")
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Returns the end of a lease taken in this transaction, by this process's own clock: the database's says
    /// nothing to a process that was stopped since.
    pub(crate) fn lease_ends(&self) -> Instant {
        let lease = self.context.plans.lease.to_std().unwrap_or_default();
        self.began.checked_add(lease).unwrap_or(self.began)
    }
}
