//! The table at the end.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use crate::{
    checker::Verdict,
    processes::Health,
    rig::Rig,
    say::say,
    schedule::{self, Record},
    timeline::Kind,
};

/// What a run measured.
#[derive(Debug)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// From the first order to the last reply.
    pub took: Duration,
    /// Every fault.
    pub records: Vec<Record>,
    /// The services after the calm beginning.
    pub health_before: BTreeMap<String, Health>,
    /// The services at the end.
    pub health_after: BTreeMap<String, Health>,
    /// Name, connections, misbehaviours.
    pub proxies: Vec<(&'static str, u64, u64)>,
    /// How long the backlog took to go, and what was left.
    pub settled: (Duration, Vec<String>),
}

/// Prints everything; true when nothing was violated.
#[must_use]
pub fn tell(rig: &Rig, summary: &Summary, verdict: &Verdict) -> bool {
    say("");
    for line in &verdict.lines {
        say(line);
    }
    tell_health(summary);
    let counts = &rig.world.counts;
    let number = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let kills = |word: &str| {
        let named = summary.records.iter().filter(|r| r.name.starts_with(word));
        named.count()
    };
    let never: Vec<&Record> = summary.records.iter().filter(|r| r.bites == 0).collect();
    say("");
    say(format!("seed                     {}", summary.seed));
    say(format!(
        "length                   {} s",
        summary.took.as_secs()
    ));
    say(format!(
        "faults injected          {} ({} kills, {} stops, {} on the wire; {} did not bite)",
        summary.records.len(),
        kills("kill"),
        kills("SIGSTOP"),
        summary.records.len() - kills("kill") - kills("SIGSTOP"),
        never.len(),
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
    let (took, left) = &summary.settled;
    say(format!("backlog gone after       {} ms", took.as_millis()));
    for line in left {
        say(format!("  LEFT: {line}"));
    }
    let has_recovered = summary
        .records
        .iter()
        .all(|record| record.recovery_ms.iter().all(Option::is_some));
    if !has_recovered {
        say("  VIOLATED: something did not come back after a fault");
    }
    let holds = verdict.violations == 0 && left.is_empty() && has_recovered && never.is_empty();
    say(if holds {
        "chaos: nothing lost, nothing doubled"
    } else {
        "chaos: VIOLATED"
    });
    holds
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
    let within = schedule::RECOVERY_MAX.as_secs();
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
