//! Requests per second and key (`API_RATE_LIMIT`), reckoned in this process: replicas each allow it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

/// Keys remembered before those at rest are forgotten.
const KEYS_MAX: usize = 10_000;
/// A key that was at rest may use this much of its allowance at once.
const BURST: Duration = Duration::from_secs(1);

/// Shared by the threads of a process.
#[derive(Debug, Clone)]
pub struct RateLimit {
    gap: Option<Duration>,
    keys: Arc<Mutex<HashMap<Uuid, Instant>>>,
}

impl RateLimit {
    /// At most `per_second` requests of a key; `None` is no limit.
    #[must_use]
    pub fn new(per_second: Option<NonZeroU32>) -> Self {
        let gap = per_second.and_then(|rate| Duration::from_secs(1).checked_div(rate.get()));
        Self {
            gap,
            keys: Arc::default(),
        }
    }

    /// Lets a request of a key in, or says how long it must wait.
    ///
    /// # Errors
    /// The wait.
    pub fn admit(&self, key: Uuid, now: Instant) -> Result<(), Duration> {
        let Some(gap) = self.gap else {
            return Ok(());
        };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.retain(|_, used_until| *used_until > now);
        }
        // The allowance used so far ends at this instant; a burst may run ahead of the clock.
        let used_until = keys
            .get(&key)
            .copied()
            .filter(|at| *at > now)
            .unwrap_or(now);
        let ahead = used_until
            .saturating_duration_since(now)
            .saturating_add(gap);
        if ahead > BURST.max(gap) {
            return Err(ahead.saturating_sub(BURST));
        }
        keys.insert(key, used_until.checked_add(gap).unwrap_or(used_until));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(rate: u32) -> RateLimit {
        RateLimit::new(NonZeroU32::new(rate))
    }

    #[test]
    fn a_second_holds_its_rate_and_no_more() {
        let limit = limit(5);
        let (key, start) = (Uuid::nil(), Instant::now());
        let admitted = (0..20).filter(|_| limit.admit(key, start).is_ok()).count();
        assert_eq!(admitted, 5);
        let wait = limit.admit(key, start).unwrap_err();
        assert_eq!(limit.admit(key, start + wait), Ok(()));
        assert!(limit.admit(key, start + wait).is_err());
    }

    #[test]
    fn keys_do_not_share_and_zero_is_off() {
        let one = limit(1);
        let start = Instant::now();
        assert_eq!(one.admit(Uuid::nil(), start), Ok(()));
        assert!(one.admit(Uuid::nil(), start).is_err());
        assert_eq!(one.admit(Uuid::max(), start), Ok(()));
        let off = limit(0);
        assert!((0..1000).all(|_| off.admit(Uuid::nil(), start).is_ok()));
    }
}
