//! Places for creates under way in a process, and whether one was turned away just now: while that is
//! so, reads wait for nothing (promise P11).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// So long after a create was turned away no read waits.
const LATELY: Duration = Duration::from_secs(1);

/// A fixed number of places.
pub struct Creates {
    places: Semaphore,
    began: Instant,
    /// Milliseconds after `began`, and one more; 0 when none was turned away.
    turned_away: AtomicU64,
}

impl Creates {
    /// So many places.
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self {
            places: Semaphore::new(places),
            began: Instant::now(),
            turned_away: AtomicU64::new(0),
        }
    }

    /// A place, unless all are taken.
    pub fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let place = self.places.try_acquire().ok();
        if place.is_none() {
            self.turned_away
                .store(self.millis().saturating_add(1), Ordering::Relaxed);
        }
        place
    }

    /// Whether a create was turned away within the last second.
    #[must_use]
    pub fn were_turned_away_lately(&self) -> bool {
        let last = self.turned_away.load(Ordering::Relaxed);
        let lately = u64::try_from(LATELY.as_millis()).unwrap_or(u64::MAX);
        last > 0 && self.millis().saturating_sub(last) < lately
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_that_finds_no_place_is_remembered() {
        let creates = Creates::new(1);
        let place = creates.enter();
        assert!(place.is_some());
        assert!(!creates.were_turned_away_lately());
        assert!(creates.enter().is_none());
        assert!(creates.were_turned_away_lately());
        drop(place);
        assert!(creates.enter().is_some());
    }
}
