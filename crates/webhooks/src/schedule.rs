//! The schedule of a webhook's delivery attempts: `WEBHOOK_SCHEDULE`.

use std::str::FromStr;
use std::time::Duration;

const TRIES_MAX: usize = 100;
const STEP_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
const JITTER_PPM: u64 = 100_000;
const MILLION: u64 = 1_000_000;

/// The reason why a schedule is refused at start.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// No step, or over 100.
    #[error("a schedule has 1 to 100 steps")]
    Steps,
    /// A step that is not like `0s`, `500ms`, `1m`, `19h40m`, or is over 30 days.
    #[error("{0:?} is not a time such as 5s, 15m or 19h40m (at most 30 days)")]
    Step(String),
}

/// The wait before each attempt; the event is dead after the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSchedule {
    steps: Vec<Duration>,
}

impl WebhookSchedule {
    /// Takes the wait before each attempt, first attempt first.
    pub fn new(steps: Vec<Duration>) -> Result<Self, ScheduleError> {
        if steps.is_empty() || steps.len() > TRIES_MAX {
            return Err(ScheduleError::Steps);
        }
        match steps.iter().find(|step| **step > STEP_MAX) {
            Some(step) => Err(ScheduleError::Step(format!("{step:?}"))),
            None => Ok(Self { steps }),
        }
    }

    /// Returns the number of attempts.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.steps.len()
    }

    /// Returns the longest time from an event until its last attempt, without the time that the
    /// attempts themselves take.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let all: Duration = self.steps.iter().sum();
        all.saturating_add(all.checked_div(10).unwrap_or_default())
    }

    /// Returns the wait before this attempt (the first is 1), moved by up to 10 % either way by
    /// `random`; `None` after the last: the event is dead.
    #[must_use]
    pub fn delay_before(&self, try_number: u32, random: u64) -> Option<Duration> {
        let index = usize::try_from(try_number.checked_sub(1)?).ok()?;
        let step_ms = u64::try_from(self.steps.get(index)?.as_millis()).ok()?;
        let factor_ppm = MILLION - JITTER_PPM + random % (2 * JITTER_PPM + 1);
        Some(Duration::from_millis(
            step_ms.saturating_mul(factor_ppm) / MILLION,
        ))
    }
}

impl Default for WebhookSchedule {
    /// Returns the contract's twelve attempts over three days.
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        let hours = |h: u64| Duration::from_secs(h * 3600);
        let steps = vec![
            Duration::ZERO,
            Duration::from_secs(5),
            minutes(1),
            minutes(5),
            minutes(15),
            hours(1),
            hours(3),
            hours(6),
            hours(12),
            hours(14),
            hours(16),
            minutes(19 * 60 + 40),
        ];
        Self { steps }
    }
}

impl FromStr for WebhookSchedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let steps: Vec<Duration> = text
            .split(',')
            .map(|step| parse_step(step.trim()))
            .collect::<Result<_, _>>()?;
        Self::new(steps)
    }
}

fn parse_step(text: &str) -> Result<Duration, ScheduleError> {
    let refuse = || ScheduleError::Step(text.to_owned());
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let unit_at = rest
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(refuse)?;
        let (digits, after) = rest.split_at(unit_at);
        let number: u64 = digits.parse().map_err(|_| refuse())?;
        let unit_end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(refuse()),
        };
        let part = Duration::from_millis(number.checked_mul(unit_ms).ok_or_else(refuse)?);
        total = total.checked_add(part).ok_or_else(refuse)?;
        rest = next;
    }
    if text.is_empty() {
        Err(refuse())
    } else {
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_text_is_the_default() {
        let parsed: WebhookSchedule = "0s,5s,1m,5m,15m,1h,3h,6h,12h,14h,16h,19h40m"
            .parse()
            .unwrap();
        assert_eq!(parsed, WebhookSchedule::default());
        assert_eq!(parsed.tries(), 12);
    }

    #[test]
    fn no_delivery_takes_longer_than_the_longest() {
        for text in ["0s", "1s,2s", "0s,5s,1m,5m,15m,1h,3h,6h,12h,14h,16h,19h40m"] {
            let schedule: WebhookSchedule = text.parse().unwrap();
            for random in [0, 7, 2 * JITTER_PPM, u64::MAX] {
                let waits = (1..).map_while(|number| schedule.delay_before(number, random));
                assert!(waits.sum::<Duration>() <= schedule.longest(), "{text}");
            }
        }
    }

    #[test]
    fn delays_stay_within_ten_percent_and_end_after_the_last_try() {
        let schedule = WebhookSchedule::default();
        for random in [
            0,
            1,
            99_999,
            100_000,
            200_000,
            200_001,
            u64::MAX,
            0x9E37_79B9_7F4A_7C15,
        ] {
            assert_eq!(schedule.delay_before(1, random), Some(Duration::ZERO));
            let delay = schedule.delay_before(12, random).unwrap();
            let step = Duration::from_secs(19 * 3600 + 40 * 60);
            assert!(
                delay >= step * 9 / 10 && delay <= step * 11 / 10,
                "{delay:?}"
            );
            assert_eq!(schedule.delay_before(13, random), None);
            assert_eq!(schedule.delay_before(0, random), None);
        }
        assert_eq!(
            schedule.delay_before(2, 0),
            Some(Duration::from_millis(4500))
        );
        assert_eq!(
            schedule.delay_before(2, 100_000),
            Some(Duration::from_secs(5))
        );
        assert_eq!(
            schedule.delay_before(2, 200_000),
            Some(Duration::from_millis(5500))
        );
    }

    #[test]
    fn short_schedules_for_tests_are_read() {
        let schedule: WebhookSchedule = "0s, 200ms,1d1h1m1s1ms".parse().unwrap();
        assert_eq!(
            schedule.delay_before(2, 100_000),
            Some(Duration::from_millis(200))
        );
        assert_eq!(
            schedule.delay_before(3, 100_000),
            Some(Duration::from_millis(90_061_001))
        );
    }

    #[test]
    fn malformed_schedules_are_refused() {
        for text in [
            "",
            ",",
            "5",
            "5x",
            "s",
            "-5s",
            "1.5s",
            "5s,",
            "5 s",
            "31d",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(text.parse::<WebhookSchedule>().is_err(), "{text}");
        }
        assert_eq!(WebhookSchedule::new(vec![]), Err(ScheduleError::Steps));
        assert_eq!(
            WebhookSchedule::new(vec![Duration::ZERO; 101]),
            Err(ScheduleError::Steps)
        );
    }
}
