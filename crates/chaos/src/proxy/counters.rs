//! Counters of a proxy's acts, so that a fault can be shown to have bitten.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of a proxy's acts on connections.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections taken.
    pub accepted: AtomicU64,
    /// Connections ended by RST.
    pub reset: AtomicU64,
    /// Connections that found bytes swallowed.
    pub black_holed: AtomicU64,
    /// Chunks delayed.
    pub delayed: AtomicU64,
    /// Chunks dripped.
    pub dripped: AtomicU64,
    /// Connections cut at a byte or after a word.
    pub cut: AtomicU64,
}

impl Counters {
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the sum of all misbehaviours.
    #[must_use]
    pub fn bites(&self) -> u64 {
        let all = [
            &self.reset,
            &self.black_holed,
            &self.delayed,
            &self.dripped,
            &self.cut,
        ];
        all.iter()
            .map(|counter| counter.load(Ordering::Relaxed))
            .sum()
    }
}
