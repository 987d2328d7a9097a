//! One run from start to verdict: calm, faults, healing, calm again, and the checks.

use std::{
    collections::BTreeMap,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use devstack::{Trouble, run_sql};
use serde_json::json;
use tokio::{runtime::Handle, time::sleep};

use crate::{
    checker,
    faults::{clock_skew, injection::Holds, provider_faults, schedule, token_race},
    harness::rig::{Choices, Rig},
    load::shops,
    scenarios::{
        probes,
        report::{self, Summary},
    },
    tools::{
        clock::now_ms,
        processes::{self, Health},
        terminal::say,
    },
};

/// Settings that may differ from run to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The seed of everything.
    pub seed: u64,
    /// Length of the fault phase.
    pub faults_for: Duration,
    /// New orders a minute.
    pub orders_a_minute: u64,
    /// Durations of the faults.
    pub holds: Holds,
    /// The time for which shops go on trying.
    pub patience: Duration,
}

const CALM_BEFORE: Duration = Duration::from_secs(8);
const CALM_AFTER: Duration = Duration::from_secs(12);
/// The longest time after the last healing until nothing is left undone.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// Runs it; returns whether nothing was violated.
///
/// # Errors
/// Fails when the experiment itself fails.
pub async fn run(runtime: &Handle, options: Options) -> Result<bool, Trouble> {
    let seed = options.seed;
    say(format!(
        "chaos: seed {seed} (CHAOS_SEED={seed} plays it again)"
    ));
    let choices = Choices {
        seed,
        patience: options.patience,
        small_disk: true,
    };
    let mut rig = Box::pin(Rig::start(runtime, choices)).await?;
    if rig.disk.is_none() {
        say("  LEFT OUT: the full disk, since no small disk can be mounted here");
    }
    if clock_skew::library().is_none() {
        say("  LEFT OUT: wrong clocks, since libfaketime is missing (apt-get install libfaketime)");
    }
    say(format!("  journals in {}", rig.journals.folder().display()));
    let began = Instant::now();
    runtime.spawn(shops::run(rig.world.clone(), options.orders_a_minute));
    sleep(CALM_BEFORE).await;
    let health_before = health(&rig);
    token_race::provoke(&rig).await;
    misbehave(&rig).await?;
    let mark = |name: &'static str| json!({"t": "mark", "name": name, "at_ms": now_ms()});
    let records = Box::pin(schedule::carry_out(
        &mut rig,
        &options.holds,
        options.faults_for,
    ))
    .await?;
    rig.set_sandbox_faults(&json!([])).await?;
    rig.sink.set_healthy(true);
    sleep(Duration::from_secs(3)).await;
    rig.world.journal.record(&mark("calm_begins")).await;
    sleep(CALM_AFTER).await;
    rig.world.journal.record(&mark("calm_ends")).await;
    rig.world.closing.store(true, Ordering::Relaxed);
    drain(&rig, options.patience).await;
    let settled = settle(&rig).await;
    probes::replay(&rig.world).await;
    sleep(Duration::from_secs(1)).await;
    let summary = Summary {
        seed,
        took: began.elapsed(),
        records,
        health_before,
        health_after: health(&rig),
        proxies: proxy_counts(&rig),
        settled,
    };
    let audit = rig.stack.gatewayctl(&["audit"]);
    let verdict = checker::judge(
        &mut rig,
        audit,
        checker::Scope::Chaos(summary.records.len()),
    )?;
    let holds = report::tell(&rig, &summary, &verdict);
    keep_or_remove(&rig, holds);
    Ok(holds)
}

/// Keeps what a violated run leaves behind, the journals and the services' logs; removes them
/// otherwise.
pub(crate) fn keep_or_remove(rig: &Rig, holds: bool) {
    let folder = rig.journals.folder();
    if holds {
        std::fs::remove_dir_all(folder).ok();
        return;
    }
    let logs = rig.stack.home().join("log");
    for entry in std::fs::read_dir(logs).into_iter().flatten().flatten() {
        std::fs::copy(entry.path(), folder.join(entry.file_name())).ok();
    }
    say(format!(
        "journals and logs are kept in {}",
        folder.display()
    ));
}

async fn misbehave(rig: &Rig) -> Result<(), Trouble> {
    rig.set_sandbox_faults(&provider_faults::rules(rig.world.seed))
        .await?;
    rig.sink.set_healthy(false);
    probes::rotate_secret(rig).await;
    Ok(())
}

/// Waits until every order's life is over.
pub(crate) async fn drain(rig: &Rig, patience: Duration) {
    let deadline = Instant::now() + patience + Duration::from_secs(30);
    while rig.world.counts.lives.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(200)).await;
    }
}

/// SQL that counts open work, by kind; nothing left is the aim.
const BACKLOG: &str = "SELECT 'deliveries ' || count(*) FROM deliveries WHERE state = 'due' \
     UNION ALL SELECT 'unknown ' || count(*) FROM payments WHERE state = 'unknown' \
     UNION ALL SELECT 'expiring ' || count(*) FROM orders WHERE state = 'pending' \
        AND expires_at < now() - interval '3 seconds' \
     UNION ALL SELECT 'overdue ' || count(*) FROM provider_work \
        WHERE due_at < now() - interval '5 seconds'";

/// Waits until no work is left; returns how long that took, and what was left if it did not end.
pub(crate) async fn settle(rig: &Rig) -> (Duration, Vec<String>) {
    let began = Instant::now();
    loop {
        let backlog = run_sql(&rig.database_url(), BACKLOG).unwrap_or_else(|e| e.to_string());
        let money = probes::unbooked(rig);
        let mut left: Vec<String> = backlog
            .lines()
            .filter(|line| !line.ends_with(" 0") && !line.is_empty())
            .map(str::to_owned)
            .collect();
        if money > 0 {
            left.push(format!("payments made but not booked {money}"));
        }
        if left.is_empty() || began.elapsed() > SETTLED_WITHIN {
            return (began.elapsed(), left);
        }
        sleep(Duration::from_millis(500)).await;
    }
}

pub(crate) fn health(rig: &Rig) -> BTreeMap<String, Health> {
    rig.services()
        .into_iter()
        .filter_map(|name| {
            let health = processes::health(rig.stack.pid(&name)?)?;
            Some((name, health))
        })
        .collect()
}

pub(crate) fn proxy_counts(rig: &Rig) -> Vec<(&'static str, u64, u64)> {
    rig.proxies
        .all()
        .into_iter()
        .map(|(name, proxy)| {
            let counters = proxy.counters();
            let accepted = counters.accepted.load(Ordering::Relaxed);
            (name, accepted, counters.bites())
        })
        .collect()
}
