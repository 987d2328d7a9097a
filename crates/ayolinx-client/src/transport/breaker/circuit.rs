//! One breaker's state and its transitions.

use std::time::Duration;

use tokio::time::Instant;

use super::OPEN_FOR;

const FAILURES_TO_OPEN: u32 = 5;
const FAILURE_WINDOW: Duration = Duration::from_secs(10);
/// Time for which an answer counts: while some calls are answered, others that fail are not for
/// want of a provider.
const ANSWERS_COUNT_FOR: Duration = Duration::from_secs(2);

/// The circuit of one breaker; closed at first.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    state: State,
    answered: Option<Answer>,
}

#[derive(Debug, Default, Clone, Copy)]
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
    HalfOpen,
}

/// The newest answer.
#[derive(Debug, Clone, Copy)]
struct Answer {
    asked_at: Instant,
    came_at: Instant,
}

impl Circuit {
    /// Returns whether its time to refuse calls is not over; when it is, it is half open for the
    /// next call.
    pub(super) fn refuses(&self, now: Instant) -> bool {
        matches!(self.state, State::Open { until } if now < until)
    }

    pub(super) const fn is_half_open(&self) -> bool {
        matches!(self.state, State::HalfOpen)
    }

    /// Returns the time for which it still refuses; where that is over it is half open from now on.
    pub(super) fn shut_for(&mut self, now: Instant) -> Option<Duration> {
        let State::Open { until } = self.state else {
            return None;
        };
        if now < until {
            return Some(until.saturating_duration_since(now));
        }
        self.state = State::HalfOpen;
        None
    }

    /// Records an answer, which closes it, however late it comes.
    pub(super) fn answered(&mut self, asked_at: Instant, came_at: Instant) {
        let before = self.answered.map_or(asked_at, |answer| answer.asked_at);
        self.answered = Some(Answer {
            asked_at: before.max(asked_at),
            came_at,
        });
        self.state = State::Closed;
    }

    /// Records the failure now of a call that began then.
    pub(super) fn failed(&mut self, began: Instant, now: Instant, is_probe: bool) {
        // The failure is about a time before the last answer.
        if self.answered.is_some_and(|last| began < last.asked_at) {
            return;
        }
        let open = State::Open {
            until: now + OPEN_FOR,
        };
        self.state = match self.state {
            State::Failing { failures, since }
                if now.saturating_duration_since(since) <= FAILURE_WINDOW =>
            {
                let failures = failures.saturating_add(1);
                let quiet = self.answered.is_none_or(|last| {
                    now.saturating_duration_since(last.came_at) >= ANSWERS_COUNT_FOR
                });
                if failures >= FAILURES_TO_OPEN && quiet {
                    open
                } else {
                    State::Failing { failures, since }
                }
            }
            State::Closed | State::Failing { .. } => State::Failing {
                failures: 1,
                since: now,
            },
            State::HalfOpen if is_probe => open,
            // A call that was let through before it opened says nothing new.
            unmoved @ (State::HalfOpen | State::Open { .. }) => unmoved,
        };
    }
}
