//! The requests of the well-behaved shop with their ends, and the figures of many.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chaos::measure::table::quantile;

use crate::tools::errors::Wrong;

/// One thing that a shop or its payer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The shop creates an order over QRIS.
    Create,
    /// The shop reads one order.
    Read,
    /// The shop lists its newest orders.
    List,
    /// The payer opens the checkout page.
    Page,
    /// The provider reports the money.
    Callback,
    /// The shop's endpoint gets `order.paid` after the callback was acknowledged.
    Webhook,
    /// The same after a payment whose callback was lost.
    Healing,
}

impl Kind {
    /// All kinds, in the order in which they are shown.
    pub(crate) const ALL: [Self; 7] = [
        Self::Create,
        Self::Read,
        Self::List,
        Self::Page,
        Self::Callback,
        Self::Webhook,
        Self::Healing,
    ];

    /// Returns its name in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "creates",
            Self::Read => "reads",
            Self::List => "lists",
            Self::Page => "pages",
            Self::Callback => "callbacks",
            Self::Webhook => "webhooks",
            Self::Healing => "healing",
        }
    }
}

/// The end of one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The kind of it.
    pub(crate) kind: Kind,
    /// The moment at which it was to be sent, however late it was.
    pub(crate) due: Instant,
    /// Time from then to its end, in microseconds.
    pub(crate) micros: u64,
    /// The status in the place of the right answer; 0 for no whole answer in time.
    pub(crate) failed: Option<u16>,
}

impl Sample {
    /// Returns the moment of its end.
    pub(crate) fn ended(&self) -> Instant {
        let later = self.due.checked_add(Duration::from_micros(self.micros));
        later.unwrap_or(self.due)
    }
}

/// The figures of all samples of a kind. Times are of those that succeeded, microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// The number of samples.
    pub(crate) count: u64,
    /// The number of those that succeeded.
    pub(crate) good: u64,
    /// Median.
    pub(crate) p50: u64,
    /// 99th percentile.
    pub(crate) p99: u64,
    /// The statuses that came instead.
    pub(crate) wrong: Wrong,
}

impl Figures {
    /// Computes the figures of these samples, of whatever kind.
    pub(crate) fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Self {
        let (mut figures, mut times) = (Self::default(), Vec::new());
        for sample in samples {
            figures.count = figures.count.saturating_add(1);
            match sample.failed {
                Some(status) => figures.wrong.add(status),
                None => times.push(sample.micros),
            }
        }
        times.sort_unstable();
        figures.good = u64::try_from(times.len()).unwrap_or(0);
        figures.p50 = quantile(&times, 500).unwrap_or(0);
        figures.p99 = quantile(&times, 990).unwrap_or(0);
        figures
    }
}

/// Computes the figures of each kind; a kind without samples has empty ones.
pub(crate) fn by_kind(samples: &[Sample]) -> BTreeMap<Kind, Figures> {
    let of = |kind| Figures::of(samples.iter().filter(|sample| sample.kind == kind));
    Kind::ALL.into_iter().map(|kind| (kind, of(kind))).collect()
}
