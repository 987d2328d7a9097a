//! The outcomes of the offered requests.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    measure::{jobs::Kind, table::per_thousand},
    tools::terminal::say,
};

/// The outcome of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// 2xx in time.
    Good,
    /// 429 or 503, with a time to come again.
    Refused,
    /// 429 or 503 without one.
    RefusedRudely,
    /// Any other status.
    Status(u16),
    /// No reply in time.
    Late,
    /// The connection could not be made or broke.
    Broken,
    /// No connection of the load was free to send it on.
    Unsent,
}

/// Counts by kind and end.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    ends: BTreeMap<(Kind, End), u64>,
    good_ms: Vec<u64>,
    pub(super) lasted: Duration,
}

impl Tally {
    pub(super) fn count(&mut self, kind: Kind, end: End, took: Duration) {
        let count = self.ends.entry((kind, end)).or_default();
        *count = count.saturating_add(1);
        if end == End::Good {
            self.good_ms
                .push(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        }
    }

    fn sum(&self, wanted: impl Fn(Kind, End) -> bool) -> u64 {
        let ends = self.ends.iter();
        ends.filter(|((kind, end), _)| wanted(*kind, *end))
            .map(|(_, count)| count)
            .sum()
    }

    fn a_second(&self, count: u64) -> u64 {
        let ms = u64::try_from(self.lasted.as_millis()).unwrap_or(0);
        count.saturating_mul(1_000).checked_div(ms).unwrap_or(0)
    }

    pub(super) fn good_a_second(&self) -> u64 {
        self.a_second(self.sum(|_, end| end == End::Good))
    }

    pub(super) fn good_a_second_of(&self, kind: Kind) -> u64 {
        self.a_second(self.sum(|of, end| of == kind && end == End::Good))
    }

    pub(super) fn offered_a_second(&self) -> u64 {
        self.a_second(self.sum(|_, _| true))
    }

    /// Returns how many in a thousand of a kind were done in time.
    pub(super) fn share(&self, kind: Kind) -> u64 {
        let good = self.sum(|of, end| of == kind && end == End::Good);
        per_thousand(good, self.sum(|of, _| of == kind))
    }

    /// Returns how many in a thousand of a kind were refused, of those that reached the gateway:
    /// nobody refused those for which the load had no connection.
    pub(super) fn refused_share(&self, kind: Kind) -> u64 {
        let refused = self.sum(|of, end| of == kind && end == End::Refused);
        per_thousand(
            refused,
            self.sum(|of, end| of == kind && end != End::Unsent),
        )
    }

    pub(super) fn share_of_all(&self) -> u64 {
        per_thousand(self.sum(|_, end| end == End::Good), self.sum(|_, _| true))
    }

    pub(super) fn refused(&self) -> u64 {
        self.sum(|_, end| end == End::Refused)
    }

    /// Counts the replies that are neither success nor a proper refusal.
    pub(super) fn rude(&self) -> u64 {
        self.sum(|_, end| matches!(end, End::RefusedRudely | End::Status(_)))
    }

    /// Prints every end with its count, and how long the good ones took.
    pub(super) fn explain(&self) {
        for kind in Kind::ALL {
            let of_kind = self.ends.iter().filter(|((of, _), _)| *of == kind);
            let words: Vec<String> = of_kind
                .map(|((_, end), count)| format!("{end:?} {count}"))
                .collect();
            say(format!("    {:<10} {}", kind.name(), words.join(", ")));
        }
        let mut sorted = self.good_ms.clone();
        sorted.sort_unstable();
        let at = |rank| crate::measure::table::quantile(&sorted, rank).unwrap_or(0);
        let (half, most) = (at(500), at(990));
        say(format!(
            "    done within {half} ms (half), {most} ms (99 of 100)"
        ));
    }
}
