//! The times at which the provider is asked again: pure functions of what began when, so that no step counter can get
//! lost and any replica computes the same (contract 4.1 and 5).

use chrono::{DateTime, TimeDelta, Utc};

/// Offsets from a beginning, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    offsets: Vec<TimeDelta>,
}

/// A schedule must have at least one step, and each must be later than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a schedule needs at least one step, each later than the one before")]
pub struct ScheduleError;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// After its steps a resolve goes on every 5 minutes (contract 4.1).
const RESOLVE_TAIL_SECONDS: i64 = 5 * MINUTE;
/// The fourth step less the first, less this, is the least gap between two "not found".
const NOT_FOUND_SLACK_SECONDS: i64 = 3;

impl Schedule {
    /// Creates a schedule of offsets.
    ///
    /// # Errors
    /// [`ScheduleError`] when empty or not ascending.
    pub fn new(offsets: Vec<TimeDelta>) -> Result<Self, ScheduleError> {
        let ascending = offsets
            .iter()
            .zip(offsets.iter().skip(1))
            .all(|(earlier, later)| earlier < later);
        if offsets.is_empty() || !ascending {
            return Err(ScheduleError);
        }
        Ok(Self { offsets })
    }

    fn next_step(&self, began_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.offsets
            .iter()
            .filter_map(|offset| began_at.checked_add_signed(*offset))
            .find(|at| *at > now)
    }

    /// Returns the next time to resolve an outcome that is unknown since `began_at`; `None` past `expires_at`.
    #[must_use]
    pub fn next_resolve(
        &self,
        began_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.next_step(began_at, now)
            .or_else(|| after(now, RESOLVE_TAIL_SECONDS))
            .filter(|at| *at < expires_at)
    }

    /// Returns the least gap between two answers "not found" that prove it (contract 4.1: 60 s by default).
    #[must_use]
    pub fn not_found_gap(&self) -> TimeDelta {
        let first = self.offsets.first().copied().unwrap_or_default();
        let fourth = self
            .offsets
            .get(3)
            .or_else(|| self.offsets.last())
            .copied()
            .unwrap_or_default();
        fourth
            .checked_sub(&first)
            .and_then(|gap| gap.checked_sub(&TimeDelta::seconds(NOT_FOUND_SLACK_SECONDS)))
            .unwrap_or_default()
            .max(TimeDelta::zero())
    }

    /// Returns the least pause between two resends of one create (contract 4.1: a minute by default): the gap that
    /// proves that it is not there; with steps too close for that, what lies between them.
    #[must_use]
    pub fn resend_unit(&self) -> TimeDelta {
        let gap = self.not_found_gap();
        if gap > TimeDelta::zero() {
            return gap;
        }
        let first = self.offsets.first().copied().unwrap_or_default();
        let last = self.offsets.get(3).or_else(|| self.offsets.last());
        last.and_then(|last| last.checked_sub(&first))
            .unwrap_or_default()
    }

    /// Returns the step of this number from 0, or the last: the time at which a payment that cannot be asked about is
    /// replaced, for the first time, the second, and so on.
    #[must_use]
    pub fn step(&self, began_at: DateTime<Utc>, number: usize) -> Option<DateTime<Utc>> {
        let offset = self.offsets.get(number).or_else(|| self.offsets.last())?;
        began_at.checked_add_signed(*offset)
    }

    /// Returns a beginning shifted back by up to a tenth of the first step, fixed by a payment's id: plans that begin
    /// together do not step together, and none steps later than it should.
    #[must_use]
    pub fn spread(&self, began_at: DateTime<Utc>, id: u128) -> DateTime<Utc> {
        let first = self.offsets.first().copied().unwrap_or_default();
        let widest = u128::try_from(first.num_milliseconds()).unwrap_or(0) / 10;
        let shift = id.checked_rem(widest).unwrap_or(0);
        let shift = TimeDelta::milliseconds(i64::try_from(shift).unwrap_or(0));
        began_at.checked_sub_signed(shift).unwrap_or(began_at)
    }

    /// Returns the next time to ask about a payment whose artefact went out at `began_at` (contract 5): the steps,
    /// then every 10 min to 1 h, hourly to 24 h, every 6 h after, and at expiry, + 1 h, + 24 h. `None` when its
    /// expiry is 24 h past.
    #[must_use]
    pub fn next_inquiry(
        &self,
        began_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let last = after(expires_at, DAY)?;
        let regular = self.next_step(began_at, now).or_else(|| {
            let age = now.signed_duration_since(began_at).num_seconds();
            let gap = if age < HOUR {
                10 * MINUTE
            } else if age < DAY {
                HOUR
            } else {
                6 * HOUR
            };
            after(now, gap)
        });
        let at_expiry = [Some(expires_at), after(expires_at, HOUR), Some(last)]
            .into_iter()
            .flatten()
            .find(|at| *at > now);
        [regular, at_expiry]
            .into_iter()
            .flatten()
            .min()
            .filter(|at| *at <= last)
    }
}

fn after(at: DateTime<Utc>, seconds: i64) -> Option<DateTime<Utc>> {
    at.checked_add_signed(TimeDelta::seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resends_are_a_minute_apart_at_least_by_default() {
        assert_eq!(
            seconds(&[2, 10, 30, 65, 300]).resend_unit(),
            TimeDelta::minutes(1)
        );
        assert_eq!(seconds(&[1, 2, 3, 4]).resend_unit(), TimeDelta::seconds(3));
        assert_eq!(seconds(&[5]).resend_unit(), TimeDelta::zero());
        let began = DateTime::UNIX_EPOCH;
        let plan = seconds(&[2, 10]);
        let steps = [0, 1, 2].map(|number| plan.step(began, number).unwrap().timestamp());
        assert_eq!(steps, [2, 10, 10]);
    }

    fn seconds(values: &[i64]) -> Schedule {
        Schedule::new(
            values
                .iter()
                .map(|value| TimeDelta::seconds(*value))
                .collect(),
        )
        .unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn resolving_walks_the_steps_then_every_five_minutes_until_expiry() {
        let schedule = seconds(&[2, 10, 30, 65, 300]);
        let next = |now| schedule.next_resolve(at(0), at(1000), at(now));
        assert_eq!(next(0), Some(at(2)));
        assert_eq!(next(2), Some(at(10)));
        assert_eq!(next(65), Some(at(300)));
        assert_eq!(next(300), Some(at(600)));
        assert_eq!(next(600), Some(at(900)));
        assert_eq!(next(900), None);
        assert_eq!(schedule.not_found_gap(), TimeDelta::seconds(60));
    }

    #[test]
    fn looking_slows_with_age_and_ends_a_day_after_expiry() {
        let schedule = seconds(&[15, 30]);
        let next = |now| schedule.next_inquiry(at(0), at(2 * HOUR), at(now));
        assert_eq!(next(0), Some(at(15)));
        assert_eq!(next(30), Some(at(30 + 600)));
        assert_eq!(next(HOUR), Some(at(2 * HOUR)));
        assert_eq!(next(2 * HOUR), Some(at(3 * HOUR)));
        assert_eq!(next(3 * HOUR), Some(at(4 * HOUR)));
        assert_eq!(next(25 * HOUR + 1), Some(at(26 * HOUR)));
        assert_eq!(next(26 * HOUR), None);
    }

    #[test]
    fn plans_that_begin_together_are_spread_and_none_is_late() {
        let schedule = seconds(&[15, 30]);
        let first = |id| schedule.next_inquiry(schedule.spread(at(0), id), at(DAY), at(0));
        let firsts: Vec<_> = (0..1500).filter_map(first).collect();
        assert_eq!(firsts.iter().max(), Some(&at(15)));
        assert!(firsts.iter().min() > Some(&at(13)));
        let distinct: std::collections::BTreeSet<_> = firsts.iter().collect();
        assert_eq!(distinct.len(), 1500);
    }

    #[test]
    fn the_default_plan_asks_at_most_a_dozen_times_in_ten_minutes() {
        let schedule = seconds(&[15, 30, 45, 60, 115, 170, 225, 280, 335, 390, 445, 500]);
        let mut now = at(0);
        let mut asked = 0;
        while let Some(next) = schedule.next_inquiry(at(0), at(DAY), now) {
            if next > at(600) {
                break;
            }
            asked += 1;
            now = next;
        }
        assert_eq!(asked, 12);
    }

    #[test]
    fn a_schedule_that_does_not_ascend_is_refused() {
        assert!(Schedule::new(Vec::new()).is_err());
        assert!(Schedule::new(vec![TimeDelta::seconds(2), TimeDelta::seconds(2)]).is_err());
    }
}
