//! Slots at the database. A free slot goes to the most urgent waiter, and among equally urgent ones to one shop after
//! the other; a shop has a share of the slots and of each queue. A caller that waits too long is turned away at its
//! deadline; one that would only lengthen the queue is turned away at once (promise P11).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ayolinx_core::ids::MerchantId;
use prometheus::Registry;
use shares::{Held, Limits, Line, PoolMetrics, Refusals, Refused as ShareRefused};
use tokio::sync::oneshot;

use crate::database::urgency::{PATIENCE_MAX, Urgency};

/// The longest unbroken wait of callers that still counts as a short stall; beyond it the load is too much.
const STALL_MAX: Duration = Duration::from_secs(1);
/// Interval, in slots, at which one goes to the queue whose first has waited longest of all, so that nobody waits for
/// ever.
const OLDEST_EVERY: u64 = 8;

/// The owner of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// One shop; it has a share.
    Shop(MerchantId),
    /// Work for everybody: callbacks, loops, look-ups of keys. It takes what is free.
    Ours,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shop(merchant) => merchant.fmt(f),
            Self::Ours => f.write_str("ours"),
        }
    }
}

/// The reason why a caller was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many callers wait already, of all or of this shop.
    TooMany,
    /// The caller waited in vain.
    InVain,
}

/// Numbers of slots, of free slots, and of callers that wait for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standings {
    pub(crate) places: usize,
    pub(crate) free: usize,
    pub(crate) waiting: usize,
}

/// A fixed number of slots. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    lines: Arc<Mutex<Lines>>,
    places: usize,
    waiting_max: usize,
    refusals: Refusals,
}

/// The queues. An admissible waiter never waits: whatever makes one admissible is followed by [`Lines::next`].
#[derive(Debug)]
struct Lines {
    held: Held<Whose>,
    given: u64,
    /// Start of the time through which somebody has been waiting without a break for want of any slot.
    crowded_since: Option<Instant>,
    waiting: [Line<Whose, Waiter>; Urgency::COUNT],
}

#[derive(Debug)]
struct Waiter {
    since: Instant,
    place: oneshot::Sender<Place>,
}

enum Standing<'a> {
    In(Place),
    Waiting(Waiting<'a>, Duration),
}

/// A waiting caller; dropped, it leaves its queue.
struct Waiting<'a> {
    gate: &'a Gate,
    urgency: Urgency,
    whose: Whose,
    ticket: u64,
    place: oneshot::Receiver<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.gate.lines().waiting.get_mut(self.urgency.line()) {
            line.leave(&self.whose, self.ticket);
        }
    }
}

/// A slot; dropped, it goes to the next waiter.
#[derive(Debug)]
pub(crate) struct Place(Option<(Gate, Whose)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((gate, whose)) = self.0.take() {
            gate.pass_on(whose);
        }
    }
}

impl Gate {
    pub(crate) fn new(places: usize, waiting_max: usize) -> Self {
        Self {
            lines: Arc::new(Mutex::new(Lines {
                held: Held::new(Limits::quarters(places)),
                given: 0,
                crowded_since: None,
                waiting: Urgency::ALL
                    .map(|of| Line::new(Limits::unshared(of.waiting_max(waiting_max)))),
            })),
            places,
            waiting_max,
            refusals: Refusals::default(),
        }
    }

    /// Registers the metrics of who holds the slots.
    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let lines = Arc::clone(&self.lines);
        self.refusals.register(registry, "database", move || {
            let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            PoolMetrics::read(&lines.held, lines.waiting())
        })
    }

    /// Returns the number of free slots.
    pub(crate) fn free(&self) -> usize {
        self.lines().free()
    }

    pub(crate) fn standing(&self) -> Standings {
        let lines = self.lines();
        Standings {
            places: self.places,
            free: lines.free(),
            waiting: lines.waiting(),
        }
    }

    /// Waits for a slot until there is one for this work and nobody more urgent waits for it.
    pub(crate) async fn enter(
        &self,
        urgency: Urgency,
        whose: Whose,
        deadline: Duration,
    ) -> Result<Place, Refused> {
        let (mut waiting, patience) = match self.stand_in_line(urgency, whose) {
            Ok(Standing::In(place)) => return Ok(place),
            Ok(Standing::Waiting(waiting, patience)) => (waiting, patience.min(deadline)),
            Err(share) => {
                self.refusals.count(share);
                return Err(Refused::TooMany);
            }
        };
        match tokio::time::timeout(patience, &mut waiting.place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                let share = self.lines().admit(whose).err();
                self.refusals.count(share.unwrap_or(ShareRefused::All));
                Err(Refused::InVain)
            }
        }
    }

    /// Returns the number of slots that [`Urgency::Spare`] leaves to others: seven of eight.
    const fn kept_free(&self) -> usize {
        self.places.saturating_sub(self.places / 8)
    }

    fn stand_in_line(&self, urgency: Urgency, whose: Whose) -> Result<Standing<'_>, ShareRefused> {
        let mut lines = self.lines();
        if urgency == Urgency::Spare && lines.free() < self.kept_free() {
            return Err(ShareRefused::All);
        }
        if lines.admit(whose).is_ok() {
            lines.held.take(&whose);
            return Ok(Standing::In(self.place(whose)));
        }
        let now = Instant::now();
        let crowded_since = *lines.crowded_since.get_or_insert(now);
        let patience = if now.saturating_duration_since(crowded_since) > STALL_MAX {
            urgency.patience()
        } else {
            PATIENCE_MAX
        };
        let Some(line) = lines.waiting.get_mut(urgency.line()) else {
            return Err(ShareRefused::All);
        };
        if whose != Whose::Ours {
            let shares = Limits::quarters(urgency.waiting_max(self.waiting_max));
            shares.admit(line.len(), line.len_of(&whose))?;
        }
        let (wake, place) = oneshot::channel();
        let waiter = Waiter {
            since: now,
            place: wake,
        };
        let ticket = line.push(&whose, waiter)?;
        let waiting = Waiting {
            gate: self,
            urgency,
            whose,
            ticket,
            place,
        };
        Ok(Standing::Waiting(waiting, patience))
    }

    fn place(&self, whose: Whose) -> Place {
        Place(Some((self.clone(), whose)))
    }

    /// Takes a slot back and gives it, and what else became free by that, to those who still wait.
    fn pass_on(&self, whose: Whose) {
        let mut returned = Some(whose);
        while let Some(whose) = returned.take() {
            self.lines().held.give_back(&whose);
            while let Some((next, waiter)) = self.next() {
                if let Err(mut place) = waiter.place.send(self.place(next)) {
                    // It gave up just now; its place is not to be passed on from in here.
                    returned = place.0.take().map(|(_, whose)| whose);
                    break;
                }
            }
        }
    }

    fn next(&self) -> Option<(Whose, Waiter)> {
        self.lines().next()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn admit(held: &Held<Whose>, whose: Whose) -> Result<(), ShareRefused> {
    match whose {
        Whose::Shop(_) => held.admit(&whose),
        Whose::Ours if held.all() < held.limits().places => Ok(()),
        Whose::Ours => Err(ShareRefused::All),
    }
}

impl Lines {
    fn free(&self) -> usize {
        (self.held.limits().places).saturating_sub(self.held.all())
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(Line::len).sum()
    }

    fn admit(&self, whose: Whose) -> Result<(), ShareRefused> {
        admit(&self.held, whose)
    }

    fn next(&mut self) -> Option<(Whose, Waiter)> {
        let next = self.pick();
        match &next {
            Some((whose, _)) => self.held.take(whose),
            // Whoever waits still, waits for its own share.
            None if self.free() > 0 => self.crowded_since = None,
            None => {}
        }
        next
    }

    fn pick(&mut self) -> Option<(Whose, Waiter)> {
        let held = &self.held;
        let may_enter = |whose: &Whose| admit(held, *whose).is_ok();
        let is_admissible = |line: &&mut Line<Whose, Waiter>| line.oldest(may_enter).is_some();
        let mut standing = self.waiting.iter_mut().filter(is_admissible);
        let line = if self.given.wrapping_add(1).is_multiple_of(OLDEST_EVERY) {
            standing.min_by_key(|line| line.oldest(may_enter).map(|waiter| waiter.since))
        } else {
            standing.next()
        };
        let next = line?.next(may_enter);
        self.given = self.given.wrapping_add(1);
        next
    }
}

#[cfg(test)]
mod tests;
