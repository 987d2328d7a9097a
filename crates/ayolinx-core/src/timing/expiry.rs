//! The end of a payment's time as the provider's reply names it, compared with what was asked for (contract 4.2). An
//! earlier one ends the payment, since its code is dead from then on; an implausible one changes nothing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::provider::time::parse_time;

/// Difference of clocks and roundings that means nothing.
const SLACK: TimeDelta = TimeDelta::minutes(1);
/// Hours by which a time is too early when it is written in one of the zones UTC, +07:00, +08:00 and +09:00 and
/// labelled with another (protocol 4.11 has one of seven).
const ZONES_APART_HOURS: [i64; 5] = [1, 2, 7, 8, 9];
const HOUR_SECONDS: i64 = 3600;

/// The judgement of the provider's own end of a payment's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderExpiry {
    /// None was named.
    Unnamed,
    /// The named text is no time.
    Unreadable,
    /// Within a minute of what was asked for.
    AsAsked,
    /// Earlier, and it can be: the payment ends then.
    Earlier(DateTime<Utc>),
    /// Later: the payment ends when it was to.
    Later,
    /// Over already, or within a minute: it cannot be meant.
    Past,
    /// Earlier by exactly the hours between two zones: the zone's label is wrong.
    OtherZone,
}

impl ProviderExpiry {
    /// Every name in metrics.
    pub const NAMES: [&'static str; 7] = [
        "unnamed",
        "unreadable",
        "as_asked",
        "earlier",
        "later",
        "past",
        "other_zone",
    ];

    /// Judges the end that a reply names against `ours`, which was sent to the second.
    #[must_use]
    pub fn of(named: Option<&str>, ours: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let Some(text) = named.map(str::trim).filter(|text| !text.is_empty()) else {
            return Self::Unnamed;
        };
        let Some(theirs) = parse_time(text) else {
            return Self::Unreadable;
        };
        let early = ours.signed_duration_since(theirs);
        if early.abs() <= SLACK {
            return Self::AsAsked;
        }
        if early < TimeDelta::zero() {
            return Self::Later;
        }
        let seconds = ours.timestamp().saturating_sub(theirs.timestamp());
        let zones = ZONES_APART_HOURS.map(|hours| hours.saturating_mul(HOUR_SECONDS));
        if zones.contains(&seconds) {
            return Self::OtherZone;
        }
        if theirs.signed_duration_since(now) <= SLACK {
            return Self::Past;
        }
        Self::Earlier(theirs)
    }

    /// Returns the name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unnamed => "unnamed",
            Self::Unreadable => "unreadable",
            Self::AsAsked => "as_asked",
            Self::Earlier(_) => "earlier",
            Self::Later => "later",
            Self::Past => "past",
            Self::OtherZone => "other_zone",
        }
    }

    /// Returns the end of the payment by it, where that is earlier than was asked for.
    #[must_use]
    pub const fn earlier(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Earlier(at) => Some(at),
            Self::Unnamed
            | Self::Unreadable
            | Self::AsAsked
            | Self::Later
            | Self::Past
            | Self::OtherZone => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::time::{format_jakarta, format_unix_seconds};
    use proptest::prelude::*;

    /// Formats a time in each spelling that replies are known to have.
    fn spelt(at: DateTime<Utc>, form: usize) -> String {
        match form {
            0 => format_jakarta(at),
            1 => format_unix_seconds(at),
            2 => at.timestamp_millis().to_string(),
            _ => at.to_rfc3339(),
        }
    }

    proptest! {
        /// The contract's sentence, over any life, any end, any spelling and any fraction of a second.
        #[test]
        fn only_an_earlier_plausible_end_shortens(
            life in 1_i64..2_592_000, ahead in -2_592_000_i64..2_592_000, form in 0_usize..4, millis in 0_i64..1_000
        ) {
            let now = DateTime::from_timestamp_millis(1_780_000_000_000 + millis).unwrap();
            let ours = now + TimeDelta::seconds(life);
            let theirs = DateTime::from_timestamp((now + TimeDelta::seconds(ahead)).timestamp(), 0).unwrap();
            let seen = ProviderExpiry::of(Some(&spelt(theirs, form)), ours, now);
            prop_assert!(ProviderExpiry::NAMES.contains(&seen.as_str()));
            let off = ours.timestamp() - theirs.timestamp();
            let plausible = theirs - now > TimeDelta::seconds(60)
                && ours - theirs > TimeDelta::seconds(60)
                && ![1, 2, 7, 8, 9].iter().any(|hours| off == hours * 3600);
            prop_assert_eq!(seen.earlier(), plausible.then_some(theirs));
            if let Some(at) = seen.earlier() {
                prop_assert!(at > now && at < ours);
            }
        }

        #[test]
        fn a_zone_with_the_wrong_label_never_shortens(life in 120_i64..2_592_000, zone in 0_usize..5, form in 0_usize..4) {
            let now = DateTime::from_timestamp_millis(1_780_000_000_123).unwrap();
            let ours = now + TimeDelta::seconds(life);
            let sent = DateTime::from_timestamp(ours.timestamp(), 0).unwrap();
            let theirs = sent - TimeDelta::hours([1, 2, 7, 8, 9][zone]);
            let seen = ProviderExpiry::of(Some(&spelt(theirs, form)), ours, now);
            prop_assert_eq!(seen, ProviderExpiry::OtherZone);
        }

        #[test]
        fn what_is_no_time_changes_nothing(text in "\\PC{0,30}") {
            let now = DateTime::from_timestamp_millis(1_780_000_000_000).unwrap();
            let seen = ProviderExpiry::of(Some(&text), now + TimeDelta::days(1), now);
            prop_assert!(seen.earlier().is_none_or(|at| at > now), "{:?}", seen);
        }
    }

    #[test]
    fn each_end_has_its_name() {
        let now = DateTime::from_timestamp_millis(1_780_000_000_000).unwrap();
        let ours = now + TimeDelta::days(1);
        let at = |seconds: i64| Some(format_jakarta(now + TimeDelta::seconds(seconds)));
        for (named, name) in [
            (None, "unnamed"),
            (Some("  ".to_owned()), "unnamed"),
            (Some("soon".to_owned()), "unreadable"),
            (at(86_400), "as_asked"),
            (at(86_400 - 60), "as_asked"),
            (at(86_400 + 30), "as_asked"),
            (at(86_400 - 61), "earlier"),
            (at(900), "earlier"),
            (at(61), "earlier"),
            (at(60), "past"),
            (at(-900), "past"),
            (at(86_400 + 3_600), "later"),
            (at(86_400 - 25_200), "other_zone"),
            (at(86_400 - 25_199), "earlier"),
            (Some("2024-09-12T12:55:00+07:00".to_owned()), "past"),
        ] {
            let seen = ProviderExpiry::of(named.as_deref(), ours, now);
            assert_eq!(seen.as_str(), name, "{named:?}");
        }
    }
}
