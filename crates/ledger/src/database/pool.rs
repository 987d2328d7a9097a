//! The pools of sessions: their sizes, the longest waits for a session, and the point at which a pool is
//! beyond help. Rules from measured traps: reliability T6 (checkout can hang), T10, T11.

use std::time::Duration;

use crate::database::address::with_safe_parameters;
use crate::database::session::{LogConnectErrors, Manager, Session};
use crate::database::session_count::Room;
use crate::database::watchdog::Watched;

pub(crate) const CHECKOUT_TIMEOUT: Duration = Duration::from_millis(500);
const CONNECTION_MAX_LIFETIME: Duration = Duration::from_secs(600);
/// The writer's longest wait for what another transaction holds. The changes that wait with it do not
/// depend on that; the one that does is done alone.
pub(crate) const WRITER_LOCK_TIMEOUT: Duration = Duration::from_millis(200);
/// The name of our sessions in the server's views.
pub(crate) const NAME: &str = "ayolinx-gateway";
pub(crate) const WRITER_NAME: &str = "ayolinx-gateway-writer";
/// The most sessions of the writer that are given up and have not ended; each holds a thread.
pub(crate) const WRITERS_GIVEN_UP_MAX: u32 = 4;
/// The shortest time after which stuck sessions that cannot be replaced make the process unfit.
const BEYOND_HELP_AFTER: Duration = Duration::from_secs(30);
/// The same in deadlines, where that is longer.
const BEYOND_HELP_DEADLINES: u32 = 12;

/// The ledger's settings for its database.
#[derive(Debug, Clone)]
pub struct LedgerSettings {
    /// A libpq URL or keyword string.
    pub database_url: String,
    /// Number of connections, and so of concurrent statements.
    pub connections_max: u32,
    /// Number of callers that may wait for a connection before new ones are shed, the less urgent earlier.
    pub waiting_max: usize,
    /// The longest wait of a caller in all (`DB_DEADLINE_MS`).
    pub deadline: Duration,
}

/// The plan of a pool of sessions.
pub(crate) struct PoolPlan {
    pub(crate) name: &'static str,
    pub(crate) places: u32,
    pub(crate) idle: u32,
    pub(crate) given_up_max: u32,
    pub(crate) room: Room,
    /// The longest wait for a session.
    pub(crate) connection_wait: Duration,
    /// The longest wait of a statement for what another transaction holds.
    pub(crate) lock_wait: Duration,
}

impl PoolPlan {
    pub(crate) fn pool(&self, settings: &LedgerSettings) -> r2d2::Pool<Manager> {
        // What was given up stays in the count until it ends.
        let most = self.places.saturating_add(self.given_up_max).max(1);
        r2d2::Pool::builder()
            .max_size(most)
            .min_idle(Some(self.idle))
            .connection_timeout(self.connection_wait)
            .max_lifetime(Some(CONNECTION_MAX_LIFETIME))
            .error_handler(Box::new(LogConnectErrors))
            .build_unchecked(Manager::new(
                Session {
                    url: with_safe_parameters(&settings.database_url),
                    name: self.name,
                    statement_timeout: settings.deadline,
                    lock_timeout: self.lock_wait,
                },
                self.room.clone(),
            ))
    }

    /// Returns the sessions to watch over, under this name.
    pub(crate) fn watched(&self, name: &'static str, settings: &LedgerSettings) -> Watched {
        let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
        Watched {
            name,
            places: count(self.places),
            given_up_max: count(self.given_up_max),
            room: self.room.clone(),
            deadline: settings.deadline,
            connection_wait: self.connection_wait,
            beyond_help_after: BEYOND_HELP_AFTER
                .max(settings.deadline.saturating_mul(BEYOND_HELP_DEADLINES)),
        }
    }
}
