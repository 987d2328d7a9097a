//! The places that each key holds.

use std::collections::HashMap;
use std::hash::Hash;

use crate::limits::{Limits, Refused};

/// The places of a pool that are taken, by key; the pool's [`Limits`] decide whether a key may take
/// one more.
#[derive(Debug)]
pub struct Held<K> {
    limits: Limits,
    all: usize,
    /// The keys that hold something, with the number of their places.
    of: HashMap<K, usize>,
}

impl<K: Eq + Hash + Clone> Held<K> {
    /// Creates a pool of which no place is taken.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: 0,
            of: HashMap::new(),
        }
    }

    /// Returns the limits of the pool.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the number of places that are taken.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.all
    }

    /// Returns the number of places that this key has taken.
    #[must_use]
    pub fn of(&self, key: &K) -> usize {
        self.of.get(key).copied().unwrap_or_default()
    }

    /// Decides whether the key may take one more.
    ///
    /// # Errors
    /// The share that is used up, where it may not.
    pub fn admit(&self, key: &K) -> Result<(), Refused> {
        self.limits.admit(self.all, self.of(key))
    }

    /// Returns the number of places that the key could take now.
    #[must_use]
    pub fn room(&self, key: &K) -> usize {
        self.limits.room(self.all, self.of(key))
    }

    /// Counts one more for the key, which was admitted.
    pub fn take(&mut self, key: &K) {
        self.all = self.all.saturating_add(1);
        let own = self.of.entry(key.clone()).or_default();
        *own = own.saturating_add(1);
    }

    /// Counts one less for the key.
    pub fn give_back(&mut self, key: &K) {
        let Some(own) = self.of.get_mut(key) else {
            return;
        };
        *own = own.saturating_sub(1);
        self.all = self.all.saturating_sub(1);
        if *own == 0 {
            self.of.remove(key);
        }
    }

    /// Returns the keys that hold something and may not take one more.
    #[must_use]
    pub fn refused(&self) -> Vec<K> {
        let holders = self.of.iter();
        let refused = holders.filter(|(_, own)| self.limits.admit(self.all, **own).is_err());
        refused.map(|(key, _)| key.clone()).collect()
    }

    /// Returns the keys that hold all that is guaranteed to them, or more, and how much: the most
    /// first, at most `most` of them.
    #[must_use]
    pub fn largest(&self, most: usize) -> Vec<(K, usize)> {
        let noted = self.limits.guaranteed.max(1);
        let holders = self.of.iter().filter(|(_, held)| **held >= noted);
        let mut largest: Vec<(&K, usize)> = holders.map(|(key, held)| (key, *held)).collect();
        largest.sort_by_key(|(_, held)| std::cmp::Reverse(*held));
        largest.truncate(most);
        let named = largest.into_iter();
        named.map(|(key, held)| (key.clone(), held)).collect()
    }
}
