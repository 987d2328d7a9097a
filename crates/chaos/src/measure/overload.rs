//! Overload: five times as much as can be done (promise P11). Excess is refused at once with a time
//! to come again, callbacks last of all, and what is let in is still done in time. First the peak
//! is found by stepping up the load, then five times the peak is offered without waiting for
//! replies. The load shares the machine with what it loads: only the ratio means something.

mod offer;
mod tally;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use devstack::Trouble;
use tokio::{runtime::Handle, time::sleep};

use self::{offer::Load, tally::Tally};
use super::jobs::{Jobs, Kind};
use super::table::{bound, head, per_thousand, percent, row};
use crate::harness::bed::{Bed, greatest, health_of};
use crate::tools::{processes::Health, terminal::say};

/// Numbers of concurrent clients in the steps up.
const STEPS: [usize; 4] = [4, 8, 16, 32];
const STEP_FOR: Duration = Duration::from_secs(6);
const OVERLOAD_FOR: Duration = Duration::from_secs(30);
const TIMES: u64 = 5;
/// Share of a second's calm load that is done again once the gateway has recovered.
const RECOVERED_SHARE: u64 = 990;
const RECOVERED_WITHIN: u64 = 10;
const GOODPUT_MIN: u64 = 800;
/// The most resident memory above that at rest.
const GROWTH_MAX_KIB: u64 = 256 * 1_024;
/// The most threads above those at rest: blocking ones, one for each database connection, and some
/// to spare.
const THREADS_MAX: u64 = 64;

/// Measures; returns whether every bound holds.
///
/// # Errors
/// Fails when the measurement itself fails.
pub async fn run(runtime: &Handle) -> Result<bool, Trouble> {
    say("overload: peak, then five times the peak for 30 s, then calm");
    let bed = Bed::start(1, &[("API_RATE_LIMIT", "0")]).await?;
    let load = Arc::new(Load {
        jobs: Jobs::of(&bed)?,
        api: bed.api(0)?,
        worker: bed.worker(0)?,
    });
    head(
        "phase",
        &["offered/s", "done/s", "callbacks", "creates", "reads"],
    );
    load.clone().warm_up(runtime).await?;
    let mut peak = Tally::default();
    for clients in STEPS {
        let tally = load.clone().closed(runtime, clients, STEP_FOR).await?;
        tell(&format!("{clients} clients"), &tally);
        if tally.good_a_second() > peak.good_a_second() {
            peak = tally;
        }
    }
    let rest = healths(&bed);
    let rate = peak.good_a_second().saturating_mul(TIMES);
    load.sign_for(rate, OVERLOAD_FOR);
    let watch = runtime.spawn(highest(bed.pids(), OVERLOAD_FOR));
    let over = load.clone().open(runtime, rate, OVERLOAD_FOR).await?;
    let highest = watch.await.unwrap_or_default();
    tell("5 x peak", &over);
    over.explain();
    let recovered = recover(runtime, &load, peak.good_a_second() / 2).await?;
    let shed = shedding_holds(&peak, &over);
    let bounded = stays_bounded(&rest, &highest);
    let text = match recovered {
        Some(seconds) => format!("well again {seconds} s after"),
        None => format!("not well within {RECOVERED_WITHIN} s after"),
    };
    Ok(shed & bounded & bound(&text, recovered.is_some()))
}

fn tell(name: &str, tally: &Tally) {
    let share = |kind| percent(tally.share(kind));
    let mut cells = vec![
        tally.offered_a_second().to_string(),
        tally.good_a_second().to_string(),
    ];
    cells.extend(Kind::ALL.map(share));
    row(name, &cells);
}

fn shedding_holds(peak: &Tally, over: &Tally) -> bool {
    let goodput = per_thousand(over.good_a_second(), peak.good_a_second());
    let [callbacks, creates, reads] = Kind::ALL.map(|kind| over.refused_share(kind));
    let refused = over.refused();
    let kept = [Kind::Callback, Kind::Create].map(|kind| kind_holds(kind, peak, over));
    [
        kept.into_iter().all(|holds| holds),
        bound(
            &format!(
                "{} of the peak is done under five times the load",
                percent(goodput)
            ),
            goodput >= GOODPUT_MIN,
        ),
        bound(
            &format!(
                "callbacks are refused last ({}), reads first ({}), creates between ({})",
                percent(callbacks),
                percent(reads),
                percent(creates)
            ),
            callbacks <= creates && creates <= reads,
        ),
        bound(
            &format!("{refused} refusals, each 429 or 503 with Retry-After"),
            over.rude() == 0,
        ),
    ]
    .into_iter()
    .all(|holds| holds)
}

/// Returns whether enough of a kind is done: the sum alone could hide that only the cheapest is
/// done.
fn kind_holds(kind: Kind, peak: &Tally, over: &Tally) -> bool {
    let (before, now) = (peak.good_a_second_of(kind), over.good_a_second_of(kind));
    bound(
        &format!("{} done a second: {now}, {before} at the peak", kind.name()),
        per_thousand(now, before) >= GOODPUT_MIN,
    )
}

fn stays_bounded(rest: &BTreeMap<String, Health>, highest: &BTreeMap<String, Health>) -> bool {
    let mut holds = true;
    for (name, most) in highest {
        let before = rest.get(name).copied().unwrap_or_default();
        let grown = most.rss_kib.saturating_sub(before.rss_kib);
        let threads = most.threads.saturating_sub(before.threads);
        let text = format!(
            "{name}: {} MiB at rest, {} at most; {} threads, {} at most; {} files at most",
            before.rss_kib / 1_024,
            most.rss_kib / 1_024,
            before.threads,
            most.threads,
            most.files
        );
        holds &= bound(&text, grown <= GROWTH_MAX_KIB && threads <= THREADS_MAX);
    }
    holds
}

fn healths(bed: &Bed) -> BTreeMap<String, Health> {
    let health = |(name, pid): (String, u32)| (name, health_of(pid));
    bed.pids().into_iter().map(health).collect()
}

/// Returns the highest readings while it lasts.
async fn highest(pids: Vec<(String, u32)>, lasts: Duration) -> BTreeMap<String, Health> {
    let mut highest: BTreeMap<String, Health> = BTreeMap::new();
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        for (name, pid) in &pids {
            let most = highest.entry(name.clone()).or_default();
            *most = greatest(*most, health_of(*pid));
        }
        sleep(Duration::from_millis(500)).await;
    }
    highest
}

/// Counts the seconds until a second of calm load is done again; nothing when it takes too long.
async fn recover(runtime: &Handle, load: &Arc<Load>, rate: u64) -> Result<Option<u64>, Trouble> {
    for second in 1..=RECOVERED_WITHIN {
        let calm = load
            .clone()
            .open(runtime, rate, Duration::from_secs(1))
            .await?;
        if calm.share_of_all() >= RECOVERED_SHARE {
            tell("calm again", &calm);
            return Ok(Some(second));
        }
    }
    Ok(None)
}
