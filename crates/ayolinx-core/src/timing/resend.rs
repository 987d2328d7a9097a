//! The number and times of the resends of a create that is not there, under its own name (contract 4.1). A create
//! that is always answered alike will be answered so for ever; a provider that does not answer is not asked every
//! minute.

use chrono::TimeDelta;

/// Number of resends in a row with the same code in JSON after which the payment fails with it.
pub const ALIKE_MAX: u16 = 3;
/// Pauses after a resend without an answer, and each further one: multiples of the least pause (a minute by default).
const PAUSES: [i32; 4] = [1, 5, 15, 60];

/// The results of the resends of one payment so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resends {
    /// Number of times that it was sent again.
    pub sent: u16,
    /// Number of the last of them, in a row, that were answered in JSON with one and the same code.
    pub alike: u16,
    /// Number of the last of them, in a row, that ended without an answer.
    pub unanswered: u16,
}

/// The next step once it is proven again that the payment is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextResend {
    /// It is sent again when this much time has passed since the last exchange ended.
    After(TimeDelta),
    /// It fails with the code that it was always answered with.
    GiveUp,
}

impl Resends {
    /// Returns the next step; `unit` is the least pause. A create that is answered, but never three times alike,
    /// pauses as if it were not answered, from the fourth resend on.
    #[must_use]
    pub fn next(self, unit: TimeDelta) -> NextResend {
        if self.alike >= ALIKE_MAX {
            return NextResend::GiveUp;
        }
        let unlike = self.sent.saturating_sub(ALIKE_MAX.saturating_sub(1));
        let in_vain = self.unanswered.max(unlike);
        let Some(index) = in_vain.checked_sub(1) else {
            return NextResend::After(TimeDelta::zero());
        };
        let [.., longest] = PAUSES;
        let times = PAUSES.get(usize::from(index)).copied().unwrap_or(longest);
        NextResend::After(unit.checked_mul(times).unwrap_or(TimeDelta::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resends(sent: u16, alike: u16, unanswered: u16) -> Resends {
        Resends {
            sent,
            alike,
            unanswered,
        }
    }

    #[test]
    fn the_steps_are_the_contracts() {
        let minute = TimeDelta::minutes(1);
        for (so_far, minutes) in [
            (resends(0, 0, 0), Some(0)),
            (resends(1, 0, 1), Some(1)),
            (resends(2, 0, 2), Some(5)),
            (resends(3, 0, 3), Some(15)),
            (resends(4, 0, 4), Some(60)),
            (resends(40, 0, 40), Some(60)),
            (resends(1, 1, 0), Some(0)),
            (resends(2, 2, 0), Some(0)),
            (resends(3, 3, 0), None),
            (resends(9, 3, 0), None),
            (resends(3, 1, 0), Some(1)),
            (resends(4, 2, 0), Some(5)),
            (resends(7, 1, 0), Some(60)),
        ] {
            let next = match minutes {
                Some(minutes) => NextResend::After(TimeDelta::minutes(minutes)),
                None => NextResend::GiveUp,
            };
            assert_eq!(so_far.next(minute), next, "{so_far:?}");
        }
    }

    proptest! {
        /// Whatever the provider does, a day sees few resends: the loop has a bound, or comes to an hour's pause.
        #[test]
        fn no_provider_makes_us_send_for_ever(
            ends in proptest::collection::vec(prop_oneof![Just(None), (0_u8..3).prop_map(Some)], 200)
        ) {
            let (mut so_far, mut last, mut passed) = (Resends::default(), None, TimeDelta::zero());
            for end in ends {
                match so_far.next(TimeDelta::minutes(1)) {
                    NextResend::GiveUp => break,
                    // Two answers "not found", a minute apart, come before each.
                    NextResend::After(pause) => passed += pause.max(TimeDelta::minutes(1)),
                }
                if passed > TimeDelta::days(1) {
                    break;
                }
                so_far.sent += 1;
                match end {
                    None => (so_far.alike, so_far.unanswered) = (0, so_far.unanswered + 1),
                    Some(code) => {
                        let same = so_far.alike > 0 && last == Some(code);
                        so_far.alike = if same { so_far.alike + 1 } else { 1 };
                        so_far.unanswered = 0;
                        last = Some(code);
                    }
                }
            }
            prop_assert!(so_far.sent <= 200);
            let steady = so_far.alike >= ALIKE_MAX || so_far.sent < 200;
            prop_assert!(steady, "{:?} in {}", so_far, passed);
        }
    }
}
