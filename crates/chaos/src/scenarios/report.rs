//! The table at the end.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use crate::{
    checker::Verdict,
    faults::schedule::{self, Record},
    harness::rig::Rig,
    tools::{processes::Health, terminal::say, timeline::Kind},
};

const RSS_GROWTH_KIB: u64 = 50 * 1_024;
const THREADS_GROWTH: u64 = 40;
const FILES_GROWTH: u64 = 100;

/// Measurements of a run.
#[derive(Debug)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// Time from the first order to the last reply.
    pub took: Duration,
    /// Every fault.
    pub records: Vec<Record>,
    /// Health of the services after the calm beginning.
    pub health_before: BTreeMap<String, Health>,
    /// Health of the services at the end.
    pub health_after: BTreeMap<String, Health>,
    /// Name, connections, misbehaviours.
    pub proxies: Vec<(&'static str, u64, u64)>,
    /// Time that the backlog took to go, and what was left.
    pub settled: (Duration, Vec<String>),
}

/// Prints everything; returns whether nothing was violated.
#[must_use]
pub fn tell(rig: &Rig, summary: &Summary, verdict: &Verdict) -> bool {
    say("");
    for line in &verdict.lines {
        say(line);
    }
    tell_health(summary);
    let never: Vec<&Record> = summary.records.iter().filter(|r| r.bites == 0).collect();
    tell_counts(rig, summary, verdict, never.len());
    let (took, left) = &summary.settled;
    say(format!("backlog gone after       {} ms", took.as_millis()));
    for line in left {
        say(format!("  LEFT: {line}"));
    }
    let late = summary.records.iter().filter(|record| is_late(record));
    for record in late.clone() {
        say(format!(
            "  VIOLATED: too late back: {}",
            schedule::line(record)
        ));
    }
    let swollen = swollen(summary);
    for name in &swollen {
        say(format!("  VIOLATED: {name} has grown"));
    }
    for record in &never {
        say(format!("  VIOLATED: {} did not bite", record.name));
    }
    let holds = verdict.violations == 0
        && left.is_empty()
        && late.count() == 0
        && swollen.is_empty()
        && never.is_empty();
    say(if holds {
        "chaos: nothing lost, nothing doubled"
    } else {
        "chaos: VIOLATED"
    });
    holds
}

fn tell_counts(rig: &Rig, summary: &Summary, verdict: &Verdict, never: usize) {
    let counts = &rig.world.counts;
    let number = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let of = |word: &str| {
        let named = summary.records.iter().filter(|r| r.name.starts_with(word));
        named.count()
    };
    say("");
    say(format!("seed                     {}", summary.seed));
    say(format!(
        "length                   {} s",
        summary.took.as_secs()
    ));
    say(format!(
        "faults injected          {} ({} kills, {} stops, {} clocks, {} failovers; {} did not bite)",
        summary.records.len(),
        of("kill"),
        of("SIGSTOP"),
        of("clock"),
        of("failover"),
        never,
    ));
    for (name, connections, bites) in &summary.proxies {
        say(format!(
            "  proxy {name:<16} {connections} connections, {bites} bites"
        ));
    }
    say(format!(
        "orders begun             {}",
        number(&counts.begun)
    ));
    say(format!(
        "requests                 {} ({} sent again)",
        number(&counts.requests),
        number(&counts.retried)
    ));
    say(format!(
        "acknowledged             {}",
        number(&counts.acknowledged)
    ));
    for (name, value) in &verdict.totals {
        say(format!("{name:<25}{value}"));
    }
    for (index, kind) in Kind::ALL.iter().enumerate() {
        say(recovery_line(summary, index, *kind));
    }
}

fn is_late(record: &Record) -> bool {
    let bound = schedule::RECOVERY_BOUND_MS;
    let mut all = record.recovery_ms.iter();
    all.any(|recovery| recovery.is_none_or(|ms| ms > bound))
}

/// Returns the services that have more than a run may leave behind (promise P10).
fn swollen(summary: &Summary) -> Vec<&str> {
    let has_grown = |before: Health, after: Health| {
        after.rss_kib > before.rss_kib.saturating_add(RSS_GROWTH_KIB)
            || after.threads > before.threads.saturating_add(THREADS_GROWTH)
            || after.files > before.files.saturating_add(FILES_GROWTH)
    };
    summary
        .health_after
        .iter()
        .filter(|(name, after)| {
            let before = summary.health_before.get(*name).copied();
            has_grown(before.unwrap_or_default(), **after)
        })
        .map(|(name, _)| name.as_str())
        .collect()
}

fn recovery_line(summary: &Summary, index: usize, kind: Kind) -> String {
    let mut all: Vec<(u64, &str)> = summary
        .records
        .iter()
        .filter_map(|record| {
            let recovery = record.recovery_ms.get(index).copied().flatten()?;
            Some((recovery, record.name.as_str()))
        })
        .collect();
    all.sort_unstable();
    let median = all.get(all.len() / 2).map_or(0, |(ms, _)| *ms);
    let (worst, name) = all.last().copied().unwrap_or_default();
    let within = schedule::RECOVERY_BOUND_MS / 1_000;
    format!(
        "recovery, {:<15}median {median} ms, worst {worst} ms after {name} (bound {within} s)",
        kind.name()
    )
}

fn tell_health(summary: &Summary) {
    say("");
    for (name, after) in &summary.health_after {
        let before = summary.health_before.get(name).copied().unwrap_or_default();
        say(format!(
            "{name:<20} RSS {} -> {} KiB, threads {} -> {}, files {} -> {}",
            before.rss_kib, after.rss_kib, before.threads, after.threads, before.files, after.files
        ));
    }
}
