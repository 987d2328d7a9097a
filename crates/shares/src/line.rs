//! A queue of waiters that is fair by key. Nothing in here wakes anybody.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::limits::{Limits, Refused};

#[derive(Debug)]
struct Waiter<W> {
    ticket: u64,
    wake: W,
}

/// Waiters in turn by key: each key has one turn, then the next key has one, and the waiters of one
/// key come in the order in which they joined the queue. `W` is the way to wake one.
#[derive(Debug)]
pub struct Line<K, W> {
    limits: Limits,
    /// The waiters of each key by ascending ticket; no key without a waiter.
    waiting: HashMap<K, VecDeque<Waiter<W>>>,
    /// The keys that wait, the next one to be served first.
    turns: VecDeque<K>,
    len: usize,
    next_ticket: u64,
}

impl<K: Eq + Hash + Clone, W> Line<K, W> {
    /// Creates an empty queue; the limits bound how many may wait, in all and of one key.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            len: 0,
            next_ticket: 0,
        }
    }

    /// Returns the length of the whole queue.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns the length of this key's part of the queue.
    #[must_use]
    pub fn len_of(&self, key: &K) -> usize {
        self.waiting.get(key).map_or(0, VecDeque::len)
    }

    /// Returns whether nobody waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Joins the end of the key's queue; the ticket is the way to leave it.
    ///
    /// # Errors
    /// The share of the queue that is used up.
    pub fn push(&mut self, key: &K, wake: W) -> Result<u64, Refused> {
        self.limits.admit(self.len, self.len_of(key))?;
        let ticket = self.next_ticket;
        self.next_ticket = self.next_ticket.wrapping_add(1);
        let line = self.waiting.entry(key.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(key.clone());
        }
        line.push_back(Waiter { ticket, wake });
        self.len = self.len.saturating_add(1);
        Ok(ticket)
    }

    /// Leaves the queue; without effect once served.
    pub fn leave(&mut self, key: &K, ticket: u64) {
        let Some(line) = self.waiting.get_mut(key) else {
            return;
        };
        let Ok(place) = line.binary_search_by_key(&ticket, |one| one.ticket) else {
            return;
        };
        line.remove(place);
        self.len = self.len.saturating_sub(1);
        if line.is_empty() {
            self.waiting.remove(key);
            self.turns.retain(|one| one != key);
        }
    }

    /// Takes the next waiter whose key may be served out of the queue. A key that may not keeps its
    /// turn.
    pub fn next(&mut self, may_be_served: impl Fn(&K) -> bool) -> Option<(K, W)> {
        let next = self.turns.iter().position(may_be_served)?;
        let key = self.turns.remove(next)?;
        let line = self.waiting.get_mut(&key)?;
        let waiter = line.pop_front()?;
        self.len = self.len.saturating_sub(1);
        if line.is_empty() {
            self.waiting.remove(&key);
        } else {
            self.turns.push_back(key.clone());
        }
        Some((key, waiter.wake))
    }

    /// Returns the entry that has waited longest of those whose keys may be served.
    pub fn oldest(&self, may_be_served: impl Fn(&K) -> bool) -> Option<&W> {
        let of_each = self.waiting.iter().filter(|(key, _)| may_be_served(key));
        let first = of_each.filter_map(|(_, line)| line.front());
        first
            .min_by_key(|one| one.ticket)
            .map(|waiter| &waiter.wake)
    }
}
