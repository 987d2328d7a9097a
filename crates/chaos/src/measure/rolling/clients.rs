//! The shop's backend and the provider during a rolling restart. The backend keeps connections to
//! the API and goes on using them whoever is listed, as through a cluster's virtual address; new
//! ones go to the listed replicas in turn. The provider connects anew for each callback.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use devstack::Trouble;
use tokio::{
    runtime::Handle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::counts::Counts;
use crate::{
    measure::{
        jobs::{Jobs, Kind},
        keep_alive::Connection,
    },
    tools::http::Reply,
};

const DEADLINE: Duration = Duration::from_secs(10);

/// The replicas of one service.
#[derive(Debug)]
pub(super) struct Replicas {
    all: Mutex<Vec<(SocketAddr, bool)>>,
    turn: AtomicUsize,
    kept: Mutex<Vec<Connection>>,
}

impl Replicas {
    /// Creates the list with all of them listed.
    pub(super) fn of(addresses: [SocketAddr; 2]) -> Self {
        Self {
            all: Mutex::new(addresses.map(|to| (to, true)).into()),
            turn: AtomicUsize::new(0),
            kept: Mutex::default(),
        }
    }

    /// Puts one on the list of new connections, or takes it off.
    pub(super) fn list(&self, index: usize, is_listed: bool) {
        if let Some(replica) = lock(&self.all).get_mut(index) {
            replica.1 = is_listed;
        }
    }

    /// Returns the next listed one; another than `but` where there is one.
    fn next(&self, but: Option<SocketAddr>) -> Option<SocketAddr> {
        let all = lock(&self.all);
        let listed = all.iter().filter(|(_, is_listed)| *is_listed);
        let mut listed: Vec<SocketAddr> = listed.map(|(to, _)| *to).collect();
        if listed.len() > 1 {
            listed.retain(|to| Some(*to) != but);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        listed.get(turn.checked_rem(listed.len())?).copied()
    }

    /// Takes the connection kept longest, so that every one is used in turn.
    fn take_kept(&self) -> Option<Connection> {
        let mut kept = lock(&self.kept);
        (!kept.is_empty()).then(|| kept.remove(0))
    }
}

/// The load.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) jobs: Jobs,
    pub(super) apis: Replicas,
    pub(super) workers: Replicas,
    pub(super) counts: Counts,
    pub(super) closing: AtomicBool,
}

impl Clients {
    /// Returns the replicas of the API or of the worker.
    pub(super) const fn replicas(&self, is_api: bool) -> &Replicas {
        if is_api { &self.apis } else { &self.workers }
    }

    /// Makes the first orders.
    pub(super) async fn warm_up(&self, orders: usize) -> Result<(), Trouble> {
        for _ in 0..orders {
            self.ask(Kind::Create).await;
        }
        if self.jobs.known() < orders {
            return Err(Trouble::new("the first orders could not be made"));
        }
        Ok(())
    }

    /// Stops new requests.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Sends this many requests a second until it is closed, and waits for those under way.
    pub(super) async fn run(self: Arc<Self>, runtime: Handle, a_second: u64) {
        let gap = Duration::from_micros(1_000_000_u64.checked_div(a_second).unwrap_or(20_000));
        let mut ticks = interval(gap);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for kind in Kind::MIX.into_iter().cycle() {
            if self.closing.load(Ordering::Relaxed) {
                break;
            }
            ticks.tick().await;
            let clients = self.clone();
            runtime.spawn(async move { clients.ask(kind).await });
        }
        while Arc::strong_count(&self) > 2 {
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ask(&self, kind: Kind) {
        let mut is_saved = false;
        let asked = timeout(DEADLINE, self.exchange(kind, &mut is_saved)).await;
        let failure = match asked {
            Ok(Ok(reply)) if (200..300).contains(&reply.status) => {
                if kind == Kind::Create {
                    self.jobs.created(&reply);
                }
                None
            }
            Ok(Ok(reply)) => Some(format!("answered {}", reply.status)),
            Ok(Err(why)) => Some(why),
            Err(_elapsed) => Some(format!("no answer in {} s", DEADLINE.as_secs())),
        };
        self.counts.count(kind, is_saved, failure);
    }

    async fn exchange(&self, kind: Kind, is_saved: &mut bool) -> Result<Reply, String> {
        let replicas = self.replicas(kind != Kind::Callback);
        let to = replicas.next(None).ok_or("nobody is listed")?;
        let request = self.jobs.request(kind, to);
        let kept = match kind {
            Kind::Callback => None,
            Kind::Create | Kind::Read => replicas.take_kept(),
        };
        let Some(kept) = kept else {
            return anew(replicas, to, &request).await;
        };
        let was = kept.to();
        match kept.exchange(&request).await {
            Ok(exchanged) => {
                lock(&replicas.kept).extend(exchanged.connection);
                Ok(exchanged.reply)
            }
            Err(_closed) => {
                *is_saved = true;
                let other = replicas.next(Some(was)).ok_or("nobody is listed")?;
                anew(replicas, other, &request).await
            }
        }
    }
}

async fn anew(replicas: &Replicas, to: SocketAddr, request: &[u8]) -> Result<Reply, String> {
    let opened = Connection::open(to).await;
    let connection = opened.map_err(|error| format!("new connection: {}", error.kind()))?;
    let exchanged = connection.exchange(request).await;
    let exchanged = exchanged.map_err(|error| format!("on a new connection: {}", error.kind()))?;
    lock(&replicas.kept).extend(exchanged.connection);
    Ok(exchanged.reply)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
