//! Faults, and how each is done and undone.

use std::time::{Duration, Instant};

use devstack::Trouble;
use rustix::process::Signal;
use tokio::{net::TcpStream, time::sleep};

use crate::{
    faults::{
        cache::{self, Spoilt},
        clock_skew,
        sessions::Sessions,
    },
    harness::{
        disk,
        rig::{Proxies, Rig},
    },
    proxy::{Accept, Flow, Proxy, Rules},
    tools::{clock::now_ms, processes},
};

/// A dependency behind a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    /// The database.
    Postgres,
    /// The token cache.
    Redis,
    /// The provider's API.
    Provider,
    /// The shops' webhook endpoints.
    Sink,
    /// Our callback listeners, as the provider reaches them.
    Callbacks,
}

impl Dependency {
    /// All dependencies.
    pub const ALL: [Self; 5] = [
        Self::Postgres,
        Self::Redis,
        Self::Provider,
        Self::Sink,
        Self::Callbacks,
    ];

    pub(crate) const fn proxy(self, proxies: &Proxies) -> &Proxy {
        match self {
            Self::Postgres => &proxies.postgres,
            Self::Redis => &proxies.redis,
            Self::Provider => &proxies.provider,
            Self::Sink => &proxies.sink,
            Self::Callbacks => &proxies.callbacks,
        }
    }
}

/// A misbehaviour of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Refused connections: nobody listens.
    Refuse,
    /// Every connection is reset.
    Reset,
    /// Bytes vanish.
    BlackHole,
    /// Replies come late.
    Delay,
    /// Replies drip.
    Drip,
    /// Replies end in the middle.
    Cut,
    /// Requests end in the middle.
    CutRequest,
    /// Requests drip.
    SlowRequest,
    /// Requests arrive, and replies vanish.
    OneWay,
    /// The answer to Postgres's COMMIT never comes.
    CutCommit,
}

impl Wire {
    /// Misbehaviours that make sense before every dependency.
    pub const ALL: [Self; 9] = [
        Self::Refuse,
        Self::Reset,
        Self::BlackHole,
        Self::Delay,
        Self::Drip,
        Self::Cut,
        Self::CutRequest,
        Self::SlowRequest,
        Self::OneWay,
    ];

    pub(crate) fn rules(self) -> Rules {
        match self {
            Self::Refuse => Rules::accept(Accept::Refuse),
            Self::Reset => Rules::accept(Accept::Reset),
            Self::BlackHole => Rules::both(Flow::BlackHole),
            Self::Delay => Rules::replies(Flow::Delay(Duration::from_millis(900))),
            Self::Drip => Rules::replies(Flow::Drip(60)),
            Self::Cut => Rules::replies(Flow::CutAt(40)),
            Self::CutRequest => Rules::requests(Flow::CutAt(120)),
            Self::SlowRequest => Rules::requests(Flow::Drip(60)),
            Self::OneWay => Rules::replies(Flow::BlackHole),
            Self::CutCommit => Rules::requests(Flow::CutAfter(b"COMMIT")),
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// kill -9 of a service, by its index.
    Kill(usize),
    /// SIGSTOP of a service, longer than its leases.
    Pause(usize),
    /// SIGSTOP of the whole server.
    PausePostgres,
    /// SIGSTOP of single server processes, for longer than it takes until they are given up.
    PauseSessions(Sessions),
    /// kill -9 of the postmaster, which is started again.
    CrashPostgres,
    /// The write-ahead log's disk is full.
    FillDisk,
    /// kill -9 of Redis, which is started again empty.
    KillRedis,
    /// SIGSTOP of the server.
    PauseRedis,
    /// FLUSHALL, sent twice.
    FlushRedis,
    /// Garbage in place of token and lock.
    PoisonRedis,
    /// A value of another type in place of token and lock.
    OddRedis,
    /// No memory left: writes are refused.
    FullRedis,
    /// A jump of a service's clock by this many seconds, and back.
    Clock(usize, i64),
    /// A misbehaviour of the proxy before a dependency.
    Wire(Dependency, Wire),
}

/// A time longer than anybody waits for the head or the body of a request.
const SLOW_AT_LEAST: Duration = Duration::from_secs(8);

/// The longest wait for a fault to bite: after this it never will.
const BITES_WITHIN: Duration = Duration::from_secs(20);

/// Durations of the faults.
#[derive(Debug, Clone, Copy)]
pub struct Holds {
    /// Duration of a proxy's misbehaviour.
    pub wire: Duration,
    /// Time for which a killed process is away.
    pub down: Duration,
    /// Duration of a stop: of a service, beyond its leases; of a session, beyond three deadlines.
    pub pause: Duration,
    /// Duration of a server's stop.
    pub server_pause: Duration,
}

/// Effect of a fault.
#[derive(Debug, Clone, Copy)]
pub struct Inflicted {
    /// Evidence that it bit.
    pub bites: u64,
    /// Time at which it was over.
    pub healed_ms: u64,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kill(index) => write!(f, "kill -9 service {index}"),
            Self::Pause(index) => write!(f, "SIGSTOP service {index}"),
            Self::PausePostgres => f.write_str("SIGSTOP postgres"),
            Self::PauseSessions(which) => write!(f, "SIGSTOP {which}"),
            Self::CrashPostgres => f.write_str("kill -9 postgres"),
            Self::FillDisk => f.write_str("disk full"),
            Self::KillRedis => f.write_str("kill -9 redis"),
            Self::PauseRedis => f.write_str("SIGSTOP redis"),
            Self::FlushRedis => f.write_str("FLUSHALL redis"),
            Self::PoisonRedis => f.write_str("garbage in redis"),
            Self::OddRedis => f.write_str("lists in redis"),
            Self::FullRedis => f.write_str("redis full"),
            Self::Clock(index, seconds) => write!(f, "clock of service {index} {seconds:+} s"),
            Self::Wire(dependency, wire) => write!(f, "{dependency:?} {wire:?}"),
        }
    }
}

impl Fault {
    /// Inflicts the fault, waits, and undoes it.
    ///
    /// # Errors
    /// Fails when something does not come back.
    pub async fn inflict(&self, rig: &mut Rig, holds: &Holds) -> Result<Inflicted, Trouble> {
        let bites = match self {
            Self::Kill(index) => kill(rig, *index, holds.down).await?,
            Self::Pause(index) => pause(rig, *index, holds.pause).await?,
            Self::PausePostgres => {
                let tree = processes::tree(rig.postgres.pid());
                stopped(&tree, holds.server_pause).await
            }
            Self::PauseSessions(which) => {
                let backends = which.backends(&rig.database_url())?;
                stopped(&backends, holds.pause).await
            }
            Self::CrashPostgres => {
                rig.postgres.kill();
                sleep(holds.down).await;
                disk::restart(&mut rig.postgres)?;
                1
            }
            Self::FillDisk => fill_disk(rig, holds.down).await?,
            Self::KillRedis => {
                rig.redis.kill();
                sleep(holds.down).await;
                rig.redis.start_again()?;
                1
            }
            Self::PauseRedis => {
                rig.revoke_tokens_within(holds.server_pause / 2);
                stopped(&[rig.redis.pid()], holds.server_pause).await
            }
            Self::FlushRedis => cache::flush(rig).await?,
            Self::PoisonRedis => cache::spoil(rig, Spoilt::Garbage, holds.wire).await?,
            Self::OddRedis => cache::spoil(rig, Spoilt::List, holds.wire).await?,
            Self::FullRedis => cache::fill(rig, holds.wire).await?,
            Self::Clock(index, seconds) => {
                Box::pin(clock_skew::inflict(rig, *index, *seconds, holds.wire)).await?
            }
            Self::Wire(dependency, wire) => {
                let hold = match wire {
                    Wire::SlowRequest => holds.wire.max(SLOW_AT_LEAST),
                    _ => holds.wire,
                };
                interfere(rig, *dependency, *wire, hold).await
            }
        };
        Ok(Inflicted {
            bites,
            healed_ms: now_ms(),
        })
    }
}

async fn kill(rig: &mut Rig, index: usize, down: Duration) -> Result<u64, Trouble> {
    let Some(name) = rig.services().get(index).cloned() else {
        return Ok(0);
    };
    rig.stack.kill(&name)?;
    sleep(down).await;
    Box::pin(rig.stack.start_again(&name)).await?;
    Ok(1)
}

/// Stops a service while deliveries hang, so that a stopped worker holds leases while others take
/// over.
async fn pause(rig: &mut Rig, index: usize, hold: Duration) -> Result<u64, Trouble> {
    let Some(name) = rig.services().get(index).cloned() else {
        return Ok(0);
    };
    rig.sink.set_hanging(true);
    sleep(Duration::from_secs(2)).await;
    let pid = rig.stack.pid(&name).unwrap_or(0);
    rig.stack.pause(&name)?;
    rig.sink.set_hanging(false);
    sleep(Duration::from_millis(100)).await;
    let bites = u64::from(processes::is_stopped(pid));
    sleep(hold).await;
    rig.stack.resume(&name)?;
    Ok(bites)
}

async fn stopped(pids: &[u32], hold: Duration) -> u64 {
    processes::signal_all(pids, Signal::STOP);
    sleep(hold).await;
    let stopped = pids.iter().filter(|pid| processes::is_stopped(**pid));
    let bites = u64::try_from(stopped.count()).unwrap_or(0);
    processes::signal_all(pids, Signal::CONT);
    bites
}

async fn fill_disk(rig: &mut Rig, hold: Duration) -> Result<u64, Trouble> {
    let url = rig.database_url();
    let Some(disk) = &rig.disk else {
        return Ok(0);
    };
    let noticed = disk.fill(&url);
    sleep(hold).await;
    disk.free(&mut rig.postgres)?;
    Ok(u64::from(noticed))
}

/// Misbehaves until it has bitten: a busy machine may be slow to make calls, and Redis is seldom
/// asked.
async fn interfere(rig: &Rig, dependency: Dependency, wire: Wire, hold: Duration) -> u64 {
    let proxy = dependency.proxy(&rig.proxies);
    let before = proxy.counters().bites();
    let bites = || proxy.counters().bites().saturating_sub(before);
    proxy.set(match (dependency, wire) {
        // Replies of Redis are short.
        (Dependency::Redis, Wire::Cut) => Rules::replies(Flow::CutAt(2)),
        _ => wire.rules(),
    });
    if matches!(wire, Wire::Cut | Wire::CutRequest) {
        // Old connections are past that byte: only new ones are cut there.
        proxy.reset_all();
    }
    sleep(Duration::from_millis(100)).await;
    let refused = wire == Wire::Refuse && TcpStream::connect(proxy.address()).await.is_err();
    let began = Instant::now();
    while began.elapsed() < hold || (bites() == 0 && !refused && began.elapsed() < BITES_WITHIN) {
        if dependency == Dependency::Redis {
            rig.revoke_tokens_within(hold / 2);
        }
        sleep(hold).await;
    }
    proxy.heal();
    bites().saturating_add(u64::from(refused))
}
