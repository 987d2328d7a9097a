//! Sessions with the primary: their setup, and the check whether one is still good. Rules from measured
//! traps: reliability T6, T7.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use diesel::connection::{
    AnsiTransactionManager, InstrumentationEvent, SimpleConnection, TransactionManager,
};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::database::address::without_address;
use crate::database::session_count::{Room, Taken};
use crate::database::transaction::{EVERY_MERCHANT, MERCHANT_SETTING};
use crate::database::watchdog;

const CHECKED_IS_FRESH_FOR: Duration = Duration::from_secs(1);
const FIRST_PLANS_LAST: Duration = Duration::from_secs(1);
/// The longest wait for a session to be set up. The library's own limit is for each address and ends
/// before the first statement, and the search for a name has none.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// A session with the primary.
pub(crate) struct Primary {
    pub(crate) connection: PgConnection,
    checked_at: Instant,
    connected_at: Instant,
    /// The time at which the plans made so far are discarded.
    plans_end_at: Instant,
    /// `true` once another session has taken its place.
    is_given_up: bool,
    taken: Option<Taken>,
}

impl Primary {
    /// Discards plans once they are as old as the connection was when they were made. What a plan reads
    /// has at most doubled by then, and it cannot hold on to the best way through a table that was young.
    fn keep_plans_young(&mut self) -> Result<(), diesel::result::Error> {
        let now = Instant::now();
        if now < self.plans_end_at {
            return Ok(());
        }
        self.connection.batch_execute("DISCARD PLANS")?;
        let age = now.saturating_duration_since(self.connected_at);
        self.plans_end_at = now.checked_add(age).unwrap_or(now);
        Ok(())
    }

    /// Notes that the server has just answered as a primary does.
    pub(crate) fn was_there(&mut self) {
        self.checked_at = Instant::now();
    }

    /// Makes the session end with its present use.
    pub(crate) const fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// Makes the next user ask the server whether it lives and leads.
    pub(crate) fn may_be_gone(&mut self) {
        if let Some(past) = Instant::now().checked_sub(CHECKED_IS_FRESH_FOR) {
            self.checked_at = past;
        }
    }
}

/// The settings of a session.
pub(crate) struct Session {
    pub(crate) url: String,
    pub(crate) name: &'static str,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
}

/// Makes and checks sessions.
pub(crate) struct Manager {
    session: Arc<Session>,
    room: Room,
}

#[derive(QueryableByName)]
struct ReadOnly {
    #[diesel(sql_type = Text)]
    transaction_read_only: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("{0}")]
    Connect(String),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error("the server is read-only: not the primary")]
    NotPrimary,
    #[error("no session within ten seconds")]
    Silent,
    #[error("as many sessions as there may be are there")]
    NoRoom,
    #[error("too many sessions are being set up already")]
    TooMany,
    #[error("no thread to set up a session: {0}")]
    NoThread(std::io::Error),
}

impl Session {
    fn establish(&self) -> Result<Primary, ConnectError> {
        let mut connection = PgConnection::establish(&self.url)
            .map_err(|error| ConnectError::Connect(without_address(&error.to_string())))?;
        // Every statement finds a few rows by an index, so one plan serves all its values, row by row.
        // Planned while a table was young and not yet counted, it must not read the table whole ever
        // after; what an index has in order is not read whole and sorted; and no plan is worth compiling, or
        // more than one core.
        connection.batch_execute(&format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = 5000; SET timezone = 'UTC'; \
             SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; \
             SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off; \
             SET max_parallel_workers_per_gather = 0; \
             SET application_name = '{}'; SET {MERCHANT_SETTING} = '{EVERY_MERCHANT}'",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            self.name
        ))?;
        connection.set_instrumentation(|event: InstrumentationEvent<'_>| watchdog::note(&event));
        let now = Instant::now();
        Ok(Primary {
            connection,
            checked_at: now,
            connected_at: now,
            plans_end_at: now.checked_add(FIRST_PLANS_LAST).unwrap_or(now),
            is_given_up: false,
            taken: None,
        })
    }
}

impl Manager {
    pub(crate) fn new(session: Session, room: Room) -> Self {
        Self {
            session: Arc::new(session),
            room,
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Primary;
    type Error = ConnectError;

    /// Connects on a thread of its own: the pool has three for all that it sets up, and a server that
    /// falls silent meanwhile holds each of them for [`CONNECTED_WITHIN`] only.
    fn connect(&self) -> Result<Primary, ConnectError> {
        // The pool asks again a little later.
        let taken = self.room.take().ok_or(ConnectError::NoRoom)?;
        let set_up = self.room.begin_set_up().ok_or(ConnectError::TooMany)?;
        let session = Arc::clone(&self.session);
        let (counted, (give, given)) = (Arc::clone(&set_up), sync_channel(1));
        let thread = std::thread::Builder::new().name("ledger-connect".to_owned());
        let connect = move || {
            let _counted = counted;
            // Nobody may be waiting any more: the session ends then.
            give.send(session.establish()).ok();
        };
        thread.spawn(connect).map_err(ConnectError::NoThread)?;
        let primary = given.recv_timeout(CONNECTED_WITHIN);
        let mut primary = primary.map_err(|_| {
            set_up.abandon();
            ConnectError::Silent
        })??;
        primary.taken = Some(taken);
        Ok(primary)
    }

    fn is_valid(&self, primary: &mut Primary) -> Result<(), ConnectError> {
        primary.keep_plans_young()?;
        if primary.checked_at.elapsed() < CHECKED_IS_FRESH_FOR {
            return Ok(());
        }
        let answer: ReadOnly =
            diesel::sql_query("SHOW transaction_read_only").get_result(&mut primary.connection)?;
        if answer.transaction_read_only != "off" {
            return Err(ConnectError::NotPrimary);
        }
        primary.checked_at = Instant::now();
        Ok(())
    }

    fn has_broken(&self, primary: &mut Primary) -> bool {
        primary.is_given_up
            || AnsiTransactionManager::is_broken_transaction_manager(&mut primary.connection)
    }
}

#[derive(Debug)]
pub(crate) struct LogConnectErrors;

impl r2d2::HandleError<ConnectError> for LogConnectErrors {
    fn handle_error(&self, error: ConnectError) {
        if matches!(error, ConnectError::NoRoom) {
            // One is to be kept ready beside those at work, and all are at work.
            return;
        }
        tracing::warn!(error = %error, "a database connection could not be made or kept");
    }
}
