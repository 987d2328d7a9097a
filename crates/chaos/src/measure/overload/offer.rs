//! Offers requests: closed, each client waiting for its reply before it asks again, or open, at a
//! rate that does not depend on replies. Connections are kept; callbacks have one each, as the
//! worker wants it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use devstack::Trouble;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{MissedTickBehavior, interval, timeout},
};

use super::tally::{End, Tally};
use crate::measure::{
    jobs::{Jobs, Kind},
    keep_alive::Connection,
};

/// The longest wait for a reply: a later one is worth nothing.
const DEADLINE: Duration = Duration::from_secs(2);
/// Most concurrent connections of each kind.
const CONNECTIONS: usize = 400;
const TICK: Duration = Duration::from_millis(5);
/// Number of orders made before anything is measured, so that there is something to read and
/// report.
const ORDERS_BEFORE: usize = 200;
const WARM_UP_MAX: Duration = Duration::from_secs(60);
/// Most callbacks signed ahead of time.
const SIGNED_MAX: u64 = 20_000;

/// The load.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) jobs: Jobs,
    pub(super) api: SocketAddr,
    pub(super) worker: SocketAddr,
}

/// The state that the tasks of one phase share.
#[derive(Debug)]
struct Phase {
    load: Arc<Load>,
    tally: Mutex<Tally>,
    idle: Mutex<Vec<Connection>>,
}

impl Phase {
    fn new(load: Arc<Load>) -> Arc<Self> {
        Arc::new(Self {
            load,
            tally: Mutex::default(),
            idle: Mutex::default(),
        })
    }

    fn count(&self, kind: Kind, end: End, took: Duration) {
        lock(&self.tally).count(kind, end, took);
    }

    fn ended(&self, began: Instant) -> Tally {
        let mut tally = lock(&self.tally).clone();
        tally.lasted = began.elapsed();
        tally
    }

    async fn ask(&self, kind: Kind) {
        let began = Instant::now();
        let end = match timeout(DEADLINE, self.exchange(kind)).await {
            Ok(Some(end)) => end,
            Ok(None) => End::Broken,
            Err(_elapsed) => End::Late,
        };
        self.count(kind, end, began.elapsed());
    }

    async fn exchange(&self, kind: Kind) -> Option<End> {
        let to = match kind {
            Kind::Callback => self.load.worker,
            Kind::Create | Kind::Read => self.load.api,
        };
        let request = self.load.jobs.request(kind, to);
        let kept = match kind {
            Kind::Callback => None,
            Kind::Create | Kind::Read => lock(&self.idle).pop(),
        };
        let connection = match kept {
            Some(connection) => connection,
            None => Connection::open(to).await.ok()?,
        };
        let exchanged = connection.exchange(&request).await.ok()?;
        if let Some(connection) = exchanged.connection {
            lock(&self.idle).push(connection);
        }
        let reply = exchanged.reply;
        if kind == Kind::Create && reply.status == 201 {
            self.load.jobs.created(&reply);
        }
        Some(match reply.status {
            200..300 => End::Good,
            429 | 503 if reply.header("retry-after").is_some() => End::Refused,
            429 | 503 => End::RefusedRudely,
            other => End::Status(other),
        })
    }
}

impl Load {
    /// Makes the first orders.
    pub(super) async fn warm_up(self: Arc<Self>, runtime: &Handle) -> Result<(), Trouble> {
        let end = Instant::now() + WARM_UP_MAX;
        let phase = Phase::new(self.clone());
        let clients = (0..8).map(|_| {
            let phase = phase.clone();
            runtime.spawn(async move {
                while phase.load.jobs.known() < ORDERS_BEFORE && Instant::now() < end {
                    phase.ask(Kind::Create).await;
                }
            })
        });
        join(clients.collect()).await?;
        if self.jobs.known() < ORDERS_BEFORE {
            return Err(Trouble::new("the first orders could not be made"));
        }
        Ok(())
    }

    /// Runs this many clients, each asking again when it was answered.
    pub(super) async fn closed(
        self: Arc<Self>,
        runtime: &Handle,
        clients: usize,
        lasts: Duration,
    ) -> Result<Tally, Trouble> {
        self.sign_for(500, lasts);
        let phase = Phase::new(self);
        let began = Instant::now();
        let client = |number: usize| {
            let phase = phase.clone();
            runtime.spawn(async move {
                let mix = Kind::MIX.into_iter().cycle().skip(number % Kind::MIX.len());
                for kind in mix {
                    if began.elapsed() >= lasts {
                        return;
                    }
                    phase.ask(kind).await;
                }
            })
        };
        join((0..clients).map(client).collect()).await?;
        Ok(phase.ended(began))
    }

    /// Sends this many requests a second, whatever becomes of them.
    pub(super) async fn open(
        self: Arc<Self>,
        runtime: &Handle,
        a_second: u64,
        lasts: Duration,
    ) -> Result<Tally, Trouble> {
        let phase = Phase::new(self);
        let places = Kind::ALL.map(|kind| (kind, Arc::new(Semaphore::new(CONNECTIONS))));
        let began = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut mix = Kind::MIX.into_iter().cycle();
        let mut offered = 0_u64;
        while began.elapsed() < lasts {
            ticks.tick().await;
            let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let due = micros.saturating_mul(a_second) / 1_000_000;
            while offered < due {
                offered = offered.saturating_add(1);
                let Some(kind) = mix.next() else { break };
                let found = places.iter().find(|(of, _)| *of == kind);
                let place = found.and_then(|(_, free)| free.clone().try_acquire_owned().ok());
                let Some(place) = place else {
                    phase.count(kind, End::Unsent, Duration::ZERO);
                    continue;
                };
                let phase = phase.clone();
                runtime.spawn(async move {
                    phase.ask(kind).await;
                    drop(place);
                });
            }
        }
        let lasted = began.elapsed();
        for (_, free) in &places {
            let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
            let done = timeout(DEADLINE * 2, free.acquire_many(all)).await;
            if !matches!(done, Ok(Ok(_))) {
                return Err(Trouble::new("requests outlived their deadline"));
            }
        }
        let mut tally = phase.ended(began);
        tally.lasted = lasted;
        Ok(tally)
    }

    /// Signs the callbacks of a phase.
    pub(super) fn sign_for(&self, a_second: u64, lasts: Duration) {
        let all = a_second.saturating_mul(lasts.as_secs()) / 4;
        self.jobs.sign_ahead(all.min(SIGNED_MAX), self.worker);
    }
}

async fn join(tasks: Vec<tokio::task::JoinHandle<()>>) -> Result<(), Trouble> {
    for task in tasks {
        let ended = task.await;
        ended.map_err(|error| Trouble::new(format!("a client died: {error}")))?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
