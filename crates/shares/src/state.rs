//! Who holds and who waits: the state of a pool under its lock. Nothing in here wakes anybody.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::limits::{Limits, Refused};

/// Somebody who waits; `W` is the way to wake them.
#[derive(Debug)]
struct Waiter<W> {
    ticket: u64,
    wake: W,
}

#[derive(Debug)]
struct Standing<W> {
    held: usize,
    /// By ascending ticket.
    waiting: VecDeque<Waiter<W>>,
}

impl<W> Default for Standing<W> {
    fn default() -> Self {
        Self {
            held: 0,
            waiting: VecDeque::new(),
        }
    }
}

/// An eligible waiter never waits: whatever makes a key eligible is followed by [`State::serve`]. So whoever is admitted
/// passes nobody who could have been admitted instead.
#[derive(Debug)]
pub(crate) struct State<K, W> {
    places: Limits,
    queue: Limits,
    held: usize,
    waiting: usize,
    of: HashMap<K, Standing<W>>,
    /// The keys that wait, the next one to be served first.
    turns: VecDeque<K>,
    next_ticket: u64,
}

impl<K: Eq + Hash + Clone, W> State<K, W> {
    pub(crate) fn new(places: Limits, queue: Limits) -> Self {
        Self {
            places,
            queue,
            held: 0,
            waiting: 0,
            of: HashMap::new(),
            turns: VecDeque::new(),
            next_ticket: 0,
        }
    }

    pub(crate) const fn places(&self) -> usize {
        self.places.places
    }

    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn held_by(&self, key: &K) -> usize {
        self.of.get(key).map_or(0, |standing| standing.held)
    }

    pub(crate) fn room(&self, key: &K) -> usize {
        self.places.room(self.held, self.held_by(key))
    }

    /// Takes a place, or says why there is none.
    pub(crate) fn take(&mut self, key: &K) -> Result<(), Refused> {
        self.may_enter(key)?;
        self.held = self.held.saturating_add(1);
        let standing = self.of.entry(key.clone()).or_default();
        standing.held = standing.held.saturating_add(1);
        Ok(())
    }

    pub(crate) fn may_enter(&self, key: &K) -> Result<(), Refused> {
        self.places.admit(self.held, self.held_by(key))
    }

    /// Gives a place back. [`State::serve`] comes next.
    pub(crate) fn give_back(&mut self, key: &K) {
        if let Some(standing) = self.of.get_mut(key) {
            standing.held = standing.held.saturating_sub(1);
            self.held = self.held.saturating_sub(1);
        }
        self.forget(key);
    }

    /// Stands at the end of the key's line; the ticket is the way to leave it.
    pub(crate) fn stand_in_line(&mut self, key: &K, wake: W) -> Result<u64, Refused> {
        let own = self.of.get(key).map_or(0, |it| it.waiting.len());
        self.queue.admit(self.waiting, own)?;
        let ticket = self.next_ticket;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        let standing = self.of.entry(key.clone()).or_default();
        if standing.waiting.is_empty() {
            self.turns.push_back(key.clone());
        }
        standing.waiting.push_back(Waiter { ticket, wake });
        self.waiting = self.waiting.saturating_add(1);
        Ok(ticket)
    }

    /// Leaves the line; without effect once served.
    pub(crate) fn leave_line(&mut self, key: &K, ticket: u64) {
        let Some(standing) = self.of.get_mut(key) else {
            return;
        };
        let Ok(place) = (standing.waiting).binary_search_by_key(&ticket, |one| one.ticket) else {
            return;
        };
        standing.waiting.remove(place);
        self.waiting = self.waiting.saturating_sub(1);
        if standing.waiting.is_empty() {
            self.turns.retain(|one| one != key);
        }
        self.forget(key);
    }

    /// Gives the next who waits and may enter its place. Each key has one turn, then the next key has one.
    pub(crate) fn serve(&mut self) -> Option<(K, W)> {
        let next = (self.turns.iter()).position(|key| self.may_enter(key).is_ok())?;
        let key = self.turns.remove(next)?;
        let standing = self.of.get_mut(&key)?;
        let waiter = standing.waiting.pop_front()?;
        self.waiting = self.waiting.saturating_sub(1);
        standing.held = standing.held.saturating_add(1);
        self.held = self.held.saturating_add(1);
        if !standing.waiting.is_empty() {
            self.turns.push_back(key.clone());
        }
        Some((key, waiter.wake))
    }

    /// The keys that hold all that is guaranteed to them, or more, and how much: the most first, so many at most.
    pub(crate) fn largest(&self, most: usize) -> Vec<(K, usize)> {
        let noted = self.places.guaranteed.max(1);
        let mut largest: Vec<(&K, usize)> = (self.of.iter())
            .map(|(key, standing)| (key, standing.held))
            .filter(|(_, held)| *held >= noted)
            .collect();
        largest.sort_by_key(|(_, held)| std::cmp::Reverse(*held));
        largest.truncate(most);
        let named = largest.into_iter();
        named.map(|(key, held)| (key.clone(), held)).collect()
    }

    fn forget(&mut self, key: &K) {
        let is_idle = |it: &Standing<W>| it.held == 0 && it.waiting.is_empty();
        if self.of.get(key).is_some_and(is_idle) {
            self.of.remove(key);
        }
    }
}
