//! Judges what the aggressor cost its neighbour (contract 12): everything succeeds, and the p99 is
//! at most a multiple of the quiet one, or that plus a little, whichever is more. A stopped
//! database session may cost the requests that were on it, and those for a while.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::samples::{Figures, Kind, Sample, by_kind};
use crate::tools::figures::{milliseconds, over};

/// `DB_DEADLINE_MS`, microseconds.
const DEADLINE_MICROS: u64 = 2_500_000;
/// The least allowance for a machine that is slow to answer.
const SAID_WITHIN_MICROS: u64 = 1_000_000;
/// The longest time until a stuck session is replaced.
pub(crate) const REPLACED_WITHIN: Duration = Duration::from_secs(10);
/// Status "later", which a request on a stuck session may get.
const LATER: u16 = 503;
/// Number of requests on a session of the pool.
const ON_A_SESSION: usize = 1;

/// The bounds within which slower than in quiet is no harm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The most hundredths of the quiet p99.
    pub(crate) hundredths: u64,
    /// Microseconds that may come on top of the quiet p99 instead.
    pub(crate) above_micros: u64,
}

impl Bounds {
    /// Bounds of the contract: twice, or 50 ms more.
    pub(crate) const CONTRACT: Self = Self {
        hundredths: 200,
        above_micros: 50_000,
    };
    /// Bounds for few samples on a machine that others use too: only what no noise explains.
    pub(crate) const GENEROUS: Self = Self {
        hundredths: 1_000,
        above_micros: 2_000_000,
    };

    /// Returns the slowest p99 that is no harm, in microseconds.
    pub(crate) fn p99_max(self, quiet: u64) -> u64 {
        let times = quiet.saturating_mul(self.hundredths) / 100;
        times.max(quiet.saturating_add(self.above_micros))
    }

    /// Returns the latest "later" of a stuck session, in microseconds.
    fn answered_within(self) -> u64 {
        let said = self.above_micros.max(SAID_WITHIN_MICROS);
        DEADLINE_MICROS.saturating_add(said)
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// The kind of the samples.
    pub(crate) kind: Kind,
    /// The figures.
    pub(crate) figures: Figures,
    /// The p99 over the quiet one, in hundredths.
    pub(crate) ratio: u64,
    /// The failures that a stopped session explains; they are in no figure.
    pub(crate) excused: u64,
    /// The bound that does not hold; nothing when all do.
    pub(crate) harm: Option<String>,
}

/// The owner of a stopped session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// One of a pool: it costs the request on it.
    Session,
    /// The one that creates and callbacks go through: it costs those until it is replaced.
    Writer,
}

/// A session stopped at a moment, which somebody asked after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// Its owner.
    pub(crate) whose: Stopped,
    /// The moment.
    pub(crate) at: Instant,
}

impl Stop {
    fn replaced(&self) -> Instant {
        self.at.checked_add(REPLACED_WITHIN).unwrap_or(self.at)
    }

    /// Returns true for a failure that may be the stopped session's.
    fn excuses(&self, sample: &Sample, bounds: Bounds) -> bool {
        let could_be_on_it = match (self.whose, sample.kind) {
            (_, Kind::Webhook | Kind::Healing) => false,
            (Stopped::Writer, kind) => matches!(kind, Kind::Create | Kind::Callback),
            (Stopped::Session, _) => true,
        };
        could_be_on_it
            && sample.failed == Some(LATER)
            && sample.micros <= bounds.answered_within()
            && sample.ended() >= self.at
            && sample.due < self.replaced()
    }

    /// Returns true unless it had ended before, or began when the session must have been replaced.
    fn touches(&self, sample: &Sample) -> bool {
        sample.ended() >= self.at && sample.due < self.replaced()
    }
}

/// Judges every kind.
pub(crate) fn judge(
    quiet: &BTreeMap<Kind, Figures>,
    samples: &[Sample],
    bounds: Bounds,
) -> Vec<Judged> {
    let figures = by_kind(samples);
    let line = |kind| {
        let figures: Figures = figures.get(&kind).cloned().unwrap_or_default();
        let before = quiet.get(&kind).map_or(0, |quiet| quiet.p99);
        let harm = not_all_good(&figures).or_else(|| too_slow(&figures, before, bounds));
        Judged {
            kind,
            ratio: over(figures.p99, before),
            figures,
            excused: 0,
            harm,
        }
    };
    Kind::ALL.into_iter().map(line).collect()
}

/// Judges every kind of a time in which a session was stopped.
pub(crate) fn judge_stop(
    quiet: &BTreeMap<Kind, Figures>,
    samples: &[Sample],
    bounds: Bounds,
    stop: Stop,
) -> Vec<Judged> {
    let excused_at_most = match stop.whose {
        Stopped::Session => ON_A_SESSION,
        Stopped::Writer => usize::MAX,
    };
    let mut left = excused_at_most;
    let (excused, counted): (Vec<Sample>, Vec<Sample>) = samples.iter().partition(|sample| {
        let excused = left > 0 && stop.excuses(sample, bounds);
        left = left.saturating_sub(usize::from(excused));
        excused
    });
    let (met, apart): (Vec<Sample>, Vec<Sample>) =
        counted.into_iter().partition(|sample| stop.touches(sample));
    let (met, excused) = (by_kind(&met), by_kind(&excused));
    let mut lines = judge(quiet, &apart, bounds);
    for line in &mut lines {
        let figures = met.get(&line.kind).cloned().unwrap_or_default();
        let lost = figures.count.saturating_sub(figures.good);
        if lost > 0 && line.harm.is_none() {
            let wrong = &figures.wrong;
            line.harm = Some(format!("while it was stuck: {wrong}"));
        }
        let was_replaced =
            |sample: &&Sample| sample.kind == line.kind && sample.due >= stop.replaced();
        if line.harm.is_none() && apart.iter().filter(was_replaced).count() == 0 {
            line.harm = Some("nothing was asked for after it was replaced".to_owned());
        }
        line.excused = excused.get(&line.kind).map_or(0, |excused| excused.count);
        line.figures.count = line.figures.count.saturating_add(figures.count);
        line.figures.good = line.figures.good.saturating_add(figures.good);
        line.figures.wrong.extend(&figures.wrong);
    }
    lines
}

fn not_all_good(figures: &Figures) -> Option<String> {
    if figures.count == 0 {
        return Some("nothing was measured".to_owned());
    }
    let lost = figures.count.saturating_sub(figures.good);
    (lost > 0).then(|| figures.wrong.to_string())
}

fn too_slow(figures: &Figures, quiet: u64, bounds: Bounds) -> Option<String> {
    let most = bounds.p99_max(quiet);
    (figures.p99 > most).then(|| {
        let [p99, most] = [figures.p99, most].map(milliseconds);
        format!("the p99 is {p99} and may be {most}")
    })
}

#[cfg(test)]
mod tests;
