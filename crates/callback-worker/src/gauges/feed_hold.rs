//! The time for which one transaction keeps the feed from showing what came after it. The server does not
//! show a stranger how old its transactions are, but it shows their numbers: the oldest one that stays the same
//! from look to look has been running since the first of them.

use std::time::{Duration, Instant};

use ledger::RunningTransactions;

/// The oldest transaction, and the time since when it is known.
#[derive(Debug, Default)]
pub(super) struct FeedHold(Option<(i64, Instant)>);

impl FeedHold {
    /// Returns the time for which the oldest transaction has been seen running at this look.
    pub(super) fn after_look(&mut self, running: RunningTransactions, now: Instant) -> Duration {
        if running.oldest >= running.next {
            self.0 = None;
            return Duration::ZERO;
        }
        match self.0 {
            Some((oldest, since)) if oldest == running.oldest => {
                now.saturating_duration_since(since)
            }
            _ => {
                self.0 = Some((running.oldest, now));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_oldest_transaction_grows_older_and_another_one_is_new() {
        let (mut hold, began) = (FeedHold::default(), Instant::now());
        let mut at = |seconds: u64, oldest: i64, next: i64| {
            let now = began + Duration::from_secs(seconds);
            let running = RunningTransactions { oldest, next };
            hold.after_look(running, now).as_secs()
        };
        assert_eq!(at(0, 7, 9), 0);
        assert_eq!(at(30, 7, 4_000), 30);
        assert_eq!(at(90, 7, 9_000), 90);
        assert_eq!(at(95, 8_999, 9_001), 0, "another one");
        assert_eq!(at(100, 9_100, 9_100), 0, "none runs");
        assert_eq!(at(105, 9_100, 9_101), 0, "the number that was next");
        assert_eq!(at(110, 9_100, 9_200), 5);
    }
}
