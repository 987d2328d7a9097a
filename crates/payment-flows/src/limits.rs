//! The rate at which one process asks the provider about payments of a channel
//! (`inquiries_per_second`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The limits, shared by the threads of a process.
#[derive(Debug, Clone, Default)]
pub struct InquiryLimits {
    next_free: Arc<Mutex<HashMap<String, Instant>>>,
}

impl InquiryLimits {
    /// Takes the next turn in a channel's queue and returns the wait for it; `None` when that would
    /// be longer than `patience`: come again later.
    #[must_use]
    pub fn reserve(&self, channel: &str, per_second: u32, patience: Duration) -> Option<Duration> {
        let gap = Duration::from_secs(1)
            .checked_div(per_second)
            .unwrap_or(Duration::from_secs(1));
        let now = Instant::now();
        let mut next_free = self
            .next_free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let free = next_free
            .get(channel)
            .copied()
            .filter(|at| *at > now)
            .unwrap_or(now);
        let wait = free.saturating_duration_since(now);
        if wait > patience {
            return None;
        }
        let after = free.checked_add(gap).unwrap_or(free);
        next_free.insert(channel.to_owned(), after);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_asked_no_faster_than_its_rate() {
        let limits = InquiryLimits::default();
        let waits: Vec<Option<Duration>> = (0..4)
            .map(|_| limits.reserve("BNC_QRIS", 2, Duration::from_secs(1)))
            .collect();
        assert_eq!(waits[0], Some(Duration::ZERO));
        assert!(waits[1] > Some(Duration::from_millis(400)));
        assert!(waits[2] > Some(Duration::from_millis(900)));
        assert_eq!(waits[3], None);
        assert_eq!(
            limits.reserve("EMONEY_DANA_SNAP", 2, Duration::ZERO),
            Some(Duration::ZERO)
        );
    }
}
