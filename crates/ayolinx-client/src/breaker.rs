//! Circuit breaker over "the provider cannot be reached": shared by all threads of a process.
//! Five failures in a row within ten seconds open it for five seconds; then one probe decides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const FAILURES_TO_OPEN: u32 = 5;
const FAILURE_WINDOW: Duration = Duration::from_secs(10);
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The breaker. Clones are the same breaker.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    Failing {
        failures: u32,
        since: Instant,
    },
    Open {
        until: Instant,
    },
    Probing,
}

/// Leave to try once. Dropped without a verdict it changes nothing, but frees the probe's place.
#[derive(Debug)]
pub(crate) struct Admission {
    breaker: Breaker,
    probe: bool,
    judged: bool,
}

impl Breaker {
    /// Whether calls are refused without being tried.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match *self.lock() {
            State::Closed | State::Failing { .. } => false,
            State::Open { until } => Instant::now() < until,
            State::Probing => true,
        }
    }

    pub(crate) fn admit(&self) -> Option<Admission> {
        let mut state = self.lock();
        let probe = match *state {
            State::Closed | State::Failing { .. } => false,
            State::Open { until } if Instant::now() >= until => {
                *state = State::Probing;
                true
            }
            State::Open { .. } | State::Probing => return None,
        };
        Some(Admission {
            breaker: self.clone(),
            probe,
            judged: false,
        })
    }

    fn failed(&self, probe: bool) {
        let now = Instant::now();
        let mut state = self.lock();
        *state = match *state {
            State::Failing { failures, since } if now - since <= FAILURE_WINDOW => {
                if failures.saturating_add(1) >= FAILURES_TO_OPEN {
                    State::Open {
                        until: now + OPEN_FOR,
                    }
                } else {
                    State::Failing {
                        failures: failures.saturating_add(1),
                        since,
                    }
                }
            }
            State::Closed | State::Failing { .. } => State::Failing {
                failures: 1,
                since: now,
            },
            State::Probing if probe => State::Open {
                until: now + OPEN_FOR,
            },
            // A call admitted before the breaker opened says nothing new.
            State::Probing => State::Probing,
            State::Open { until } => State::Open { until },
        };
    }

    fn reached(&self) {
        *self.lock() = State::Closed;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// The provider sent the head of an answer.
    pub(crate) fn reached(mut self) {
        self.judged = true;
        self.breaker.reached();
    }

    /// The provider could not be reached, or did not answer in time.
    pub(crate) fn failed(mut self) {
        self.judged = true;
        self.breaker.failed(self.probe);
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.probe && !self.judged {
            *self.breaker.lock() = State::Open {
                until: Instant::now(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().unwrap().failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_and_one_probe_decides() {
        let breaker = Breaker::default();
        fail(&breaker, 4);
        assert!(!breaker.is_open());
        fail(&breaker, 1);
        assert!(breaker.is_open() && breaker.admit().is_none());
        tokio::time::advance(OPEN_FOR).await;
        let probe = breaker.admit().unwrap();
        assert!(breaker.admit().is_none(), "one probe at a time");
        probe.failed();
        assert!(breaker.admit().is_none());
        tokio::time::advance(OPEN_FOR).await;
        breaker.admit().unwrap().reached();
        fail(&breaker, 4);
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_far_apart_or_broken_by_an_answer_do_not_open_it() {
        let breaker = Breaker::default();
        fail(&breaker, 4);
        breaker.admit().unwrap().reached();
        fail(&breaker, 4);
        tokio::time::advance(FAILURE_WINDOW + Duration::from_millis(1)).await;
        fail(&breaker, 1);
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn an_abandoned_probe_frees_its_place() {
        let breaker = Breaker::default();
        fail(&breaker, 5);
        tokio::time::advance(OPEN_FOR).await;
        drop(breaker.admit().unwrap());
        assert!(breaker.admit().is_some());
    }
}
