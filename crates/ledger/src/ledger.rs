//! The ledger: the handle that every caller outside holds, and all waits for the database. The services and
//! `gatewayctl` call it; it calls every room below, and none of them knows it. No query exists outside
//! `Books::transact` (`books`) and the shared commits (`changes`), and no network call inside them, since the closure
//! cannot await. Invariant: nobody waits longer than their deadline. Rules from measured traps: reliability T6
//! (checkout can hang), T7 (demoted primary), T10, T11.

pub(crate) mod books;
pub(crate) mod changes;
pub(crate) mod erasure;
pub(crate) mod readiness;
pub(crate) mod results;
pub(crate) mod upkeep;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ayolinx_core::ids::MerchantId;
use prometheus::Registry;
use shares::{Limits, Shares};
use tracing::{Instrument, Span};

use crate::database::admission::{Gate, Refused, Whose};
use crate::database::context::Context;
use crate::database::pool::{
    CHECKOUT_TIMEOUT, LedgerSettings, NAME, PoolPlan, WRITER_LOCK_TIMEOUT, WRITER_NAME,
    WRITERS_GIVEN_UP_MAX,
};
use crate::database::pool_metrics::{Connections, Sessions};
use crate::database::session_count::Room;
use crate::database::spans;
use crate::database::transaction::Opening;
use crate::database::urgency::Urgency;
use crate::database::watchdog::Watchdog;
use crate::error::LedgerError;
use crate::group_commit::group::Group;
use crate::tx::Tx;
use crate::tx::attempt::Database;
use crate::tx::metrics::LedgerMetrics;

/// The ledger. Cheap to clone; shared by every thread of a process.
#[derive(Clone)]
pub struct Ledger {
    database: Database,
    watchdog: Arc<Watchdog>,
    group: Arc<Group>,
    gate: Gate,
    /// The orders that wait for the writer, by shop.
    beginning: Shares<MerchantId>,
    connections_max: u32,
    merchant: Option<MerchantId>,
    deadline: Duration,
}

impl Ledger {
    /// Makes a ledger over a database that may be away right now: connections are made when needed.
    #[must_use]
    pub fn new(settings: &LedgerSettings, context: Context) -> Self {
        let context = Arc::new(context);
        let metrics = Arc::<OnceLock<LedgerMetrics>>::default();
        let database = |plan: &PoolPlan| Database {
            pool: plan.pool(settings),
            context: Arc::clone(&context),
            metrics: Arc::clone(&metrics),
        };
        let places = usize::try_from(settings.connections_max).unwrap_or(1);
        let among_others = PoolPlan {
            name: NAME,
            places: settings.connections_max,
            // One kept ready where several may be needed. Whoever needs only one asks for it first: its
            // process may end at once, and must not while a thread of libpq connects.
            idle: settings.connections_max.saturating_sub(1).min(1),
            given_up_max: settings.connections_max,
            room: Room::of(settings.connections_max),
            connection_wait: CHECKOUT_TIMEOUT,
            lock_wait: settings.deadline,
        };
        // A connection of its own: the group never waits behind single transactions. Nor can it have
        // another one: it waits for that half as long as its callers wait for it.
        let half = settings.deadline.checked_div(2).unwrap_or_default();
        let alone = PoolPlan {
            name: WRITER_NAME,
            places: 1,
            idle: 0,
            given_up_max: WRITERS_GIVEN_UP_MAX,
            room: Room::of(1),
            connection_wait: half.max(CHECKOUT_TIMEOUT),
            lock_wait: WRITER_LOCK_TIMEOUT.min(settings.deadline),
        };
        let watched = alone.watched("writer", settings);
        // Its place goes to who waits for one: nothing else has to be put in its stead.
        let watchdog = Watchdog::new(among_others.watched("pool", settings), Box::new(|| true));
        Self {
            database: database(&among_others),
            watchdog,
            group: Arc::new(Group::new(database(&alone), settings.waiting_max, watched)),
            gate: Gate::new(places, settings.waiting_max),
            beginning: Shares::new(
                "writer_queue",
                Limits::quarters(settings.waiting_max),
                Limits::NONE,
            ),
            connections_max: settings.connections_max,
            merchant: None,
            deadline: settings.deadline,
        }
    }

    /// Registers the ledger's metrics, which are counted from now on; a second registry gets the same counters.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let metrics = match self.database.metrics.get() {
            Some(metrics) => metrics.clone(),
            None => LedgerMetrics::new()?,
        };
        self.gate.register(registry)?;
        self.beginning.register(registry)?;
        metrics.register(registry)?;
        registry.register(Box::new(Connections::new(self.gate.clone())?))?;
        let watched = [self.group.watchdog(), &self.watchdog].map(Arc::clone);
        registry.register(Box::new(Sessions::new(watched)?))?;
        self.database.metrics.get_or_init(|| metrics);
        Ok(())
    }

    /// Returns the same ledger with this merchant's rows only, as far as [`crate::Books::transact`] and
    /// [`Ledger::begin`] go: work that does not check whose a row is finds nothing (row-level security). Work that
    /// shares its commit with others sees everybody's.
    #[must_use]
    pub fn for_merchant(&self, merchant: MerchantId) -> Self {
        Self {
            merchant: Some(merchant),
            ..self.clone()
        }
    }

    /// Does the work of [`crate::Books::transact`].
    pub(crate) async fn transact_at<T, F>(
        &self,
        urgency: Urgency,
        deadline: Duration,
        work: F,
    ) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let span = spans::transaction_of::<F>();
        let work = self.transact_in_place(urgency, deadline, work);
        let result = work.instrument(span.clone()).await;
        spans::ended(&span, &result);
        self.database
            .count(|metrics| metrics.ended(urgency, &result));
        result
    }

    async fn transact_in_place<T, F>(
        &self,
        urgency: Urgency,
        deadline: Duration,
        work: F,
    ) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let began = Instant::now();
        let whose = self.merchant.map_or(Whose::Ours, Whose::Shop);
        let place = self.gate.enter(urgency, whose, deadline).await;
        self.database
            .count(|metrics| metrics.waited(urgency, began.elapsed()));
        let span = Span::current();
        spans::waited(&span, began.elapsed());
        let place = place.map_err(|refused| match refused {
            Refused::TooMany => LedgerError::Overloaded,
            Refused::InVain => {
                LedgerError::Unavailable("no connection came free in time".to_owned())
            }
        })?;
        let database = self.database.clone();
        let watchdog = Arc::clone(&self.watchdog);
        let opening = Opening {
            merchant: self.merchant,
            statement_timeout: (deadline > self.deadline).then_some(deadline),
        };
        let task = tokio::task::spawn_blocking(move || {
            // The place stays with the thread until it ends or is given up, so stuck threads are never
            // more than there are places and sessions that may be given up.
            let mut watch = watchdog.watch(opening.statement_timeout, Some(place));
            let began = Instant::now();
            let result = span.in_scope(|| database.attempt(opening, &mut watch, work));
            let result = result.map_err(|failed| failed.error);
            spans::ran(&span, began.elapsed());
            database.count(|metrics| metrics.transacted(urgency, began.elapsed()));
            result
        });
        match tokio::time::timeout(deadline.saturating_sub(began.elapsed()), task).await {
            Ok(Ok(result)) => result,
            // What it panicked with may name what must not be logged.
            Ok(Err(_panicked)) => Err(LedgerError::corrupt("a transaction panicked")),
            Err(_elapsed) => Err(LedgerError::Unavailable(
                "no answer within the deadline".to_owned(),
            )),
        }
    }

    /// Returns the number of threads that wait on the database or work with it, and the most there may be: a readiness
    /// reading.
    #[must_use]
    pub fn connections_in_use(&self) -> (usize, u32) {
        let max = self.connections_max;
        let all = usize::try_from(max).unwrap_or(0);
        (all.saturating_sub(self.gate.free()), max)
    }

    /// Returns the ledger's context.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.database.context
    }

    pub(crate) const fn beginning(&self) -> &Shares<MerchantId> {
        &self.beginning
    }

    /// Returns the reason why this process cannot go on and only a restart helps, where that is so: all its sessions
    /// have not answered for half a minute, and no more of them may be given up.
    #[must_use]
    pub fn beyond_help(&self) -> Option<&'static str> {
        if self.group.watchdog().is_beyond_help() {
            return Some("the writer's database session does not answer and cannot be replaced");
        }
        self.watchdog
            .is_beyond_help()
            .then_some("no database session answers, and none can be replaced")
    }

    pub(crate) fn group(&self) -> &Group {
        &self.group
    }

    pub(crate) const fn deadline(&self) -> Duration {
        self.deadline
    }
}
