//! The seeded plan of faults, carried out one after the other with the recovery time of each.

use std::time::{Duration, Instant};

use devstack::Trouble;
use tokio::time::sleep;

use crate::{
    faults::{
        clock_skew,
        injection::{Dependency, Fault, Holds, Wire},
        sessions::Sessions,
    },
    harness::rig::Rig,
    tools::{rng::Rng, terminal::say, timeline::Kind},
};

/// The longest time after healing until things work again (promise P10).
pub const RECOVERY_BOUND_MS: u64 = 10_000;
/// The longest wait for the recovery, so that a broken promise is measured too.
pub const RECOVERY_MAX: Duration = Duration::from_secs(40);
/// Chance in a thousand that a later round has a second fault beside the first.
const TWO_AT_ONCE: u64 = 300;
const GAP: Duration = Duration::from_millis(1_200);
const POLL: Duration = Duration::from_millis(50);

/// One fault and its outcome.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// Evidence that it bit.
    pub bites: u64,
    /// Time from healing to the first success of each kind, in milliseconds; nothing when none
    /// came.
    pub recovery_ms: [Option<u64>; 3],
}

/// The faults that this machine can do.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// True when a small disk could be mounted.
    pub has_disk: bool,
    /// True when clocks can be shifted.
    pub has_clocks: bool,
}

/// Seconds by which clocks jump.
const JUMPS: [i64; 2] = [-300, 3_600];

/// Plans the faults of a run: first each kind once, whatever time that takes, then more for as long
/// as there is time.
#[must_use]
pub fn plan(seed: u64, services: usize, means: Means) -> (Vec<Fault>, Vec<Fault>) {
    let mut rng = Rng::fork(seed, "schedule");
    let mut first: Vec<Fault> = (0..services).map(Fault::Kill).collect();
    first.extend([
        Fault::PausePostgres,
        Fault::PauseSessions(Sessions::Writers),
        Fault::PauseSessions(Sessions::HalfOfThePools),
        Fault::CrashPostgres,
        Fault::KillRedis,
        Fault::PauseRedis,
        Fault::FlushRedis,
        Fault::PoisonRedis,
        Fault::OddRedis,
        Fault::FullRedis,
        Fault::Wire(Dependency::Postgres, Wire::CutCommit),
        Fault::Wire(Dependency::Callbacks, Wire::SlowRequest),
    ]);
    // One API and one worker; the other ones come later.
    first.push(Fault::Pause(services.saturating_sub(1)));
    first.push(Fault::Pause(0));
    if means.has_disk {
        first.push(Fault::FillDisk);
    }
    let mut clocks: Vec<Fault> = Vec::new();
    if means.has_clocks {
        clocks = clock_jumps(services, &mut rng);
        // An API and a worker, one before and one after the time.
        first.extend(clocks.drain(..2.min(clocks.len())));
    }
    let mut wires: Vec<Fault> = Vec::new();
    for dependency in Dependency::ALL {
        wires.extend(Wire::ALL.map(|wire| Fault::Wire(dependency, wire)));
    }
    rng.shuffle(&mut wires);
    // Each kind of wire fault once, and Postgres by the three that hurt most.
    for wire in Wire::ALL {
        let found = wires
            .iter()
            .position(|fault| matches!(fault, Fault::Wire(_, known) if *known == wire));
        if let Some(index) = found {
            first.push(wires.remove(index));
        }
    }
    rng.shuffle(&mut first);
    let mut second: Vec<Fault> = (0..services).map(Fault::Pause).collect();
    second.extend(wires);
    second.extend(clocks);
    rng.shuffle(&mut second);
    (first, second)
}

fn clock_jumps(services: usize, rng: &mut Rng) -> Vec<Fault> {
    let mut jumps = JUMPS;
    rng.shuffle(&mut jumps);
    let mut all: Vec<Fault> = Vec::new();
    for (index, other) in (0..services / 2).zip(services / 2..) {
        for [one, two] in [jumps, [jumps[1], jumps[0]]] {
            all.push(Fault::Clock(index, one));
            all.push(Fault::Clock(other, two));
        }
    }
    all
}

/// Carries out the plan, again and again in new orders while there is time; the first part is
/// always whole.
///
/// # Errors
/// Fails when something cannot be brought back.
pub async fn carry_out(
    rig: &mut Rig,
    holds: &Holds,
    budget: Duration,
) -> Result<Vec<Record>, Trouble> {
    let services = rig.services().len();
    let began = Instant::now();
    let mut records = Vec::new();
    let mut round = 0_u64;
    let mut rng = Rng::fork(rig.world.seed, "two at once");
    let means = Means {
        has_disk: rig.disk.is_some(),
        has_clocks: clock_skew::library().is_some(),
    };
    while began.elapsed() < budget && !rig.watch.has_found() {
        let seed = rig.world.seed.wrapping_add(round);
        let (first, second) = plan(seed, services, means);
        let owed = if round == 0 { first.len() } else { 0 };
        for (number, fault) in first.into_iter().chain(second).enumerate() {
            let is_over = number >= owed && began.elapsed() >= budget;
            if is_over || rig.watch.has_found() {
                break;
            }
            let beside = (round > 0 && rng.chance(TWO_AT_ONCE)).then(|| beside(&mut rng));
            let record = one(rig, &fault, beside, holds).await?;
            let elapsed = began.elapsed().as_secs();
            say(format!("  {elapsed:>4} s  {}", line(&record)));
            records.push(record);
            rig.stack.check_alive()?;
        }
        round = round.saturating_add(1);
    }
    Ok(records)
}

/// Draws one of the faults that hurt most beside another.
fn beside(rng: &mut Rng) -> (Dependency, Wire) {
    let dependencies = [
        Dependency::Provider,
        Dependency::Sink,
        Dependency::Callbacks,
    ];
    let wires = [Wire::Delay, Wire::Reset, Wire::Cut];
    let dependency = rng.pick(&dependencies).copied();
    let wire = rng.pick(&wires).copied();
    (
        dependency.unwrap_or(Dependency::Provider),
        wire.unwrap_or(Wire::Delay),
    )
}

async fn one(
    rig: &mut Rig,
    fault: &Fault,
    beside: Option<(Dependency, Wire)>,
    holds: &Holds,
) -> Result<Record, Trouble> {
    let mut name = fault.to_string();
    if let Some((dependency, wire)) = beside {
        dependency.proxy(&rig.proxies).set(wire.rules());
        name.push_str(&format!(" + {dependency:?} {wire:?}"));
    }
    rig.watch.in_force(&name);
    let inflicted = fault.inflict(rig, holds).await?;
    if let Some((dependency, _)) = beside {
        dependency.proxy(&rig.proxies).heal();
    }
    let healed = Instant::now();
    let recovery =
        |rig: &Rig| Kind::ALL.map(|kind| rig.world.timeline.first_after(kind, inflicted.healed_ms));
    let mut recovery_ms = recovery(rig);
    while recovery_ms.iter().any(Option::is_none) && healed.elapsed() < RECOVERY_MAX {
        sleep(POLL).await;
        recovery_ms = recovery(rig);
    }
    rig.watch.in_force(&format!("no fault, after {name}"));
    sleep(GAP).await;
    Ok(Record {
        name,
        bites: inflicted.bites,
        recovery_ms,
    })
}

/// Formats a record as a line of the terminal.
#[must_use]
pub fn line(record: &Record) -> String {
    let mut line = format!("{:<24} bit {:>5}   back:", record.name, record.bites);
    for (kind, recovery) in Kind::ALL.iter().zip(record.recovery_ms) {
        let text = recovery.map_or("never".to_owned(), |ms| format!("{ms} ms"));
        line.push_str(&format!(" {} {text}", kind.name()));
    }
    line
}
