//! Invariant 15, from the recorded leases: never two owners at once by the database's time, and
//! only the owner records anything.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    checked::Checked,
    database::LeaseChange,
    evidence::{Evidence, log_lines},
};

/// The log line of a worker that comes back after its lease was taken over.
const FENCED: &str = "lease was taken over";

/// Checks invariant 15: no lease is taken from an owner before its time; only an owner records an
/// attempt.
pub(super) fn leases_are_fenced(evidence: &Evidence) -> Checked {
    let mut checked = Checked::each(evidence.database.leases.iter(), |change| {
        let overlaps = change.owner.is_some() && change.ran_on == Some(true);
        overlaps.then(|| format!("{} {} had two owners", change.subject, change.key))
    });
    checked.add(tries_are_whole(evidence));
    checked.add(tries_are_the_owners(evidence));
    checked
}

fn is_taken_over(change: &LeaseChange) -> bool {
    change.owner.is_some() && change.ran_on.is_some()
}

fn tries_are_whole(evidence: &Evidence) -> Checked {
    let mut tries: BTreeMap<(&str, &str), Vec<i64>> = BTreeMap::new();
    for row in &evidence.database.tries {
        let known = tries.entry((&row.event, &row.endpoint)).or_default();
        known.push(row.try_no);
    }
    Checked::each(evidence.database.deliveries.iter(), |row| {
        let key = (row.event.as_str(), row.endpoint.as_str());
        let mut known = tries.get(&key).cloned().unwrap_or_default();
        known.sort_unstable();
        let expected: Vec<i64> = (1..=row.tries).collect();
        (known != expected).then(|| format!("event {} has tries {known:?}", row.event))
    })
}

fn tries_are_the_owners(evidence: &Evidence) -> Checked {
    let given_back: BTreeSet<(&str, &str)> = evidence
        .database
        .leases
        .iter()
        .filter(|change| change.subject == "delivery" && change.owner.is_none())
        .map(|change| (change.key.as_str(), change.xmin.as_str()))
        .collect();
    Checked::each(evidence.database.tries.iter(), |row| {
        let key = format!("{}/{}", row.event, row.endpoint);
        let is_owners = given_back.contains(&(key.as_str(), row.xmin.as_str()));
        (!is_owners).then(|| format!("event {}: try {} without lease", row.event, row.try_no))
    })
}

/// Counts, for invariant 28, the leases taken over after their time, by database rows.
pub(super) fn taken_over(evidence: &Evidence) -> usize {
    let changes = evidence.database.leases.iter();
    changes.filter(|change| is_taken_over(change)).count()
}

/// Counts, for invariant 28, the workers that came back too late and were refused, by their own log
/// lines.
pub(super) fn fenced(evidence: &Evidence) -> usize {
    log_lines(evidence, FENCED).count()
}
