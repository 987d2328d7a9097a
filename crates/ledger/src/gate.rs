//! Places at the database, given to the most urgent who waits. Who waits too long is turned away by
//! its caller's deadline; who would only lengthen the line is turned away at once (promise P11).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::urgency::{PATIENCE_MAX, Urgency};

/// When somebody has waited without a break for so long, it is no short stall but too much load.
const STALL_MAX: Duration = Duration::from_secs(1);
/// Every so many places go to who has waited longest of all, so that nobody waits for ever.
const OLDEST_EVERY: u64 = 8;

/// Why nobody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many wait already.
    TooMany,
    /// Waited in vain.
    InVain,
}

/// How many places there are, how many nobody has, and how many wait for one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standings {
    pub(crate) places: usize,
    pub(crate) free: usize,
    pub(crate) waiting: usize,
}

/// A fixed number of places. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    lines: Arc<Mutex<Lines>>,
    places: usize,
    waiting_max: usize,
}

#[derive(Debug)]
struct Lines {
    free: usize,
    given: u64,
    /// Since when somebody has been waiting all the time.
    crowded_since: Option<Instant>,
    waiting: [VecDeque<Waiter>; Urgency::COUNT],
}

#[derive(Debug)]
struct Waiter {
    since: Instant,
    place: oneshot::Sender<Place>,
}

#[derive(Debug)]
enum Standing {
    In(Place),
    Waiting(oneshot::Receiver<Place>, Duration),
}

/// A place; dropped, it goes to the next.
#[derive(Debug)]
pub(crate) struct Place(Option<Gate>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gate) = self.0.take() {
            gate.pass_on();
        }
    }
}

impl Gate {
    pub(crate) fn new(places: usize, waiting_max: usize) -> Self {
        Self {
            lines: Arc::new(Mutex::new(Lines {
                free: places,
                given: 0,
                crowded_since: None,
                waiting: Default::default(),
            })),
            places,
            waiting_max,
        }
    }

    /// How many places nobody has.
    pub(crate) fn free(&self) -> usize {
        self.lines().free
    }

    pub(crate) fn standing(&self) -> Standings {
        let lines = self.lines();
        let waiting = lines.waiting.iter().flatten();
        Standings {
            places: self.places,
            free: lines.free,
            waiting: waiting.filter(|one| !one.place.is_closed()).count(),
        }
    }

    /// A place, as soon as there is one and nobody more urgent waits.
    pub(crate) async fn enter(
        &self,
        urgency: Urgency,
        deadline: Duration,
    ) -> Result<Place, Refused> {
        let (waiting, patience) = match self.stand_in_line(urgency)? {
            Standing::In(place) => return Ok(place),
            Standing::Waiting(waiting, patience) => (waiting, patience.min(deadline)),
        };
        match tokio::time::timeout(patience, waiting).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Refused::InVain),
        }
    }

    /// So many places [`Urgency::Spare`] leaves to others: seven of eight.
    const fn kept_free(&self) -> usize {
        self.places.saturating_sub(self.places / 8)
    }

    fn stand_in_line(&self, urgency: Urgency) -> Result<Standing, Refused> {
        let mut lines = self.lines();
        if urgency == Urgency::Spare && lines.free < self.kept_free() {
            return Err(Refused::TooMany);
        }
        if lines.free > 0 {
            lines.free = lines.free.saturating_sub(1);
            return Ok(Standing::In(Place(Some(self.clone()))));
        }
        let now = Instant::now();
        let crowded_since = *lines.crowded_since.get_or_insert(now);
        let patience = if now.saturating_duration_since(crowded_since) > STALL_MAX {
            urgency.patience()
        } else {
            PATIENCE_MAX
        };
        let Some(line) = lines.waiting.get_mut(urgency.line()) else {
            return Err(Refused::TooMany);
        };
        // The oldest give up first.
        while line.front().is_some_and(|waiter| waiter.place.is_closed()) {
            line.pop_front();
        }
        if line.len() >= urgency.waiting_max(self.waiting_max) {
            return Err(Refused::TooMany);
        }
        let (place, waiting) = oneshot::channel();
        line.push_back(Waiter { since: now, place });
        Ok(Standing::Waiting(waiting, patience))
    }

    /// Gives a place that became free to the next who still waits.
    fn pass_on(&self) {
        loop {
            let next = {
                let mut lines = self.lines();
                let next = lines.next();
                if next.is_none() {
                    lines.free = lines.free.saturating_add(1);
                    lines.crowded_since = None;
                }
                next
            };
            let Some(waiter) = next else { return };
            match waiter.place.send(Place(Some(self.clone()))) {
                Ok(()) => return,
                // It gave up just now; its place is not to be passed on from in here.
                Err(mut place) => drop(place.0.take()),
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn next(&mut self) -> Option<Waiter> {
        for line in &mut self.waiting {
            while line.front().is_some_and(|waiter| waiter.place.is_closed()) {
                line.pop_front();
            }
        }
        self.given = self.given.wrapping_add(1);
        let standing = self.waiting.iter_mut().filter(|line| !line.is_empty());
        let line = if self.given.is_multiple_of(OLDEST_EVERY) {
            standing.min_by_key(|line| line.front().map(|waiter| waiter.since))
        } else {
            standing.into_iter().next()
        };
        line?.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_shed_before_requests_and_callbacks_last() {
        let of = |most| Urgency::ALL.map(|of| of.waiting_max(most));
        assert_eq!(of(1024), [1024, 768, 256, 64, 128, 64, 0]);
        assert_eq!(of(2), [2, 1, 1, 1, 1, 1, 0]);
    }

    #[tokio::test]
    async fn a_place_goes_to_the_most_urgent_and_at_times_to_the_oldest() {
        let gate = Gate::new(1, 64);
        let deadline = Duration::from_secs(10);
        let held = gate.enter(Urgency::Read, deadline).await.unwrap();
        assert_eq!(gate.free(), 0);
        let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
        let enter = |urgency: Urgency| {
            let (gate, served) = (gate.clone(), served.clone());
            tokio::spawn(async move {
                let _place = gate.enter(urgency, deadline).await.unwrap();
                served.send(urgency).unwrap();
            })
        };
        enter(Urgency::Read);
        tokio::task::yield_now().await;
        for _ in 0..9 {
            enter(Urgency::Callback);
        }
        enter(Urgency::Write);
        tokio::task::yield_now().await;
        drop(held);
        let mut seen = Vec::new();
        for _ in 0..11 {
            seen.push(order.recv().await.unwrap());
        }
        let read = seen.iter().position(|of| *of == Urgency::Read).unwrap();
        assert_eq!(read, 7, "{seen:?}");
        assert_eq!(seen[10], Urgency::Write, "{seen:?}");
        assert_eq!(gate.free(), 1);
    }

    #[tokio::test]
    async fn whoever_came_first_strangers_stand_behind_every_shop() {
        let gate = Gate::new(1, 1024);
        let held = gate.enter(Urgency::Write, PATIENCE_MAX).await.unwrap();
        let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
        let expected = &Urgency::ALL[..6];
        for urgency in expected.iter().rev().copied() {
            let (gate, served) = (gate.clone(), served.clone());
            tokio::spawn(async move {
                let _place = gate.enter(urgency, PATIENCE_MAX).await.unwrap();
                served.send(urgency).unwrap();
            });
            tokio::task::yield_now().await;
        }
        drop((held, served));
        let mut seen = Vec::new();
        while let Some(urgency) = order.recv().await {
            seen.push(urgency);
        }
        assert_eq!(seen, expected);
        assert_eq!(
            expected[2..],
            [
                Urgency::Request,
                Urgency::Payer,
                Urgency::Read,
                Urgency::Public
            ]
        );
    }

    #[tokio::test]
    async fn what_is_spare_leaves_most_places_to_others() {
        let gate = Gate::new(16, 64);
        let deadline = Duration::from_secs(10);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(gate.enter(Urgency::Spare, deadline).await.unwrap());
        }
        let refused = gate.enter(Urgency::Spare, deadline).await;
        assert_eq!(refused.err(), Some(Refused::TooMany));
        held.push(gate.enter(Urgency::Read, deadline).await.unwrap());
        held.clear();
        assert!(gate.enter(Urgency::Spare, deadline).await.is_ok());
    }

    #[tokio::test]
    async fn a_stall_is_waited_for_and_too_much_load_is_not() {
        let gate = Gate::new(1, 64);
        let long = Duration::from_secs(10);
        let held = gate.enter(Urgency::Write, long).await.unwrap();
        let turned_away_after = async |urgency| {
            let began = Instant::now();
            assert_eq!(gate.enter(urgency, long).await.err(), Some(Refused::InVain));
            began.elapsed()
        };
        assert!(turned_away_after(Urgency::Read).await >= PATIENCE_MAX);
        // Nobody was let in since: this is no stall any more.
        assert!(turned_away_after(Urgency::Read).await < PATIENCE_MAX);
        assert!(turned_away_after(Urgency::Write).await >= PATIENCE_MAX);
        drop(held);
        let held = gate.enter(Urgency::Write, long).await.unwrap();
        assert!(turned_away_after(Urgency::Read).await >= PATIENCE_MAX);
        drop(held);
    }

    #[tokio::test]
    async fn who_gave_up_takes_no_place_with_it() {
        let gate = Gate::new(1, 4);
        let held = gate.enter(Urgency::Write, Duration::ZERO).await.unwrap();
        let shortly = Duration::from_millis(5);
        for _ in 0..20 {
            let refused = gate.enter(Urgency::Read, shortly).await;
            assert_eq!(refused.err(), Some(Refused::InVain));
        }
        let line = gate.clone();
        let one = tokio::spawn(async move { line.enter(Urgency::Read, shortly * 50).await });
        tokio::task::yield_now().await;
        let refused = gate.enter(Urgency::Read, shortly).await;
        assert_eq!(refused.err(), Some(Refused::TooMany));
        drop(held);
        drop(one.await.unwrap().unwrap());
        assert_eq!(gate.free(), 1);
    }
}
