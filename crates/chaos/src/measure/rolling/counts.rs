//! The outcomes of the requests of a rolling restart.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::measure::jobs::Kind;

/// Counts of requests.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// All requests.
    pub(super) asked: u64,
    /// Requests repeated because a kept connection was closed.
    pub(super) saved: u64,
    /// Requests not answered 2xx.
    pub(super) failed: u64,
}

/// Counts by kind, and the reasons of failures.
#[derive(Debug, Default)]
pub(super) struct Counts {
    kinds: Mutex<BTreeMap<Kind, Totals>>,
    failures: Mutex<BTreeMap<String, u64>>,
}

impl Counts {
    /// Counts one request that ended.
    pub(super) fn count(&self, kind: Kind, is_saved: bool, failure: Option<String>) {
        let mut kinds = lock(&self.kinds);
        let of = kinds.entry(kind).or_default();
        of.asked = of.asked.saturating_add(1);
        of.saved = of.saved.saturating_add(u64::from(is_saved));
        of.failed = of.failed.saturating_add(u64::from(failure.is_some()));
        drop(kinds);
        if let Some(why) = failure {
            let mut failures = lock(&self.failures);
            let count = failures
                .entry(format!("{}: {why}", kind.name()))
                .or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Returns the counts of one kind.
    pub(super) fn of(&self, kind: Kind) -> Totals {
        lock(&self.kinds).get(&kind).copied().unwrap_or_default()
    }

    /// Returns the counts of all kinds.
    pub(super) fn totals(&self) -> Totals {
        let all = Kind::ALL.map(|kind| self.of(kind));
        all.into_iter().fold(Totals::default(), |sum, of| Totals {
            asked: sum.asked.saturating_add(of.asked),
            saved: sum.saved.saturating_add(of.saved),
            failed: sum.failed.saturating_add(of.failed),
        })
    }

    /// Returns the reasons of failed requests, with counts.
    pub(super) fn failures(&self) -> BTreeMap<String, u64> {
        lock(&self.failures).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
