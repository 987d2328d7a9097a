//! The memory of API keys in this process, so that what stands before the database costs it nothing: which
//! key a digest belongs to, for the rate limit; which digests nobody has; which are being asked about; and
//! how many keys that nobody has an address sent lately. Who may do what is never answered from here: a
//! revoked key is refused by the books at its next request.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{IntCounterVec, Opts, Registry};
use tokio::sync::watch;
use uuid::Uuid;

use crate::http::error::ErrorCode;

/// Keys remembered at once; further ones are asked about like those that are not known.
const KNOWN_MAX: usize = 100_000;
/// After its last use a key is known for so long.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Digests that nobody has, remembered at once.
const UNKNOWN_MAX: usize = 10_000;
/// A digest that nobody has is not asked about again for so long.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// Addresses whose wrong keys are counted at once; all others count together.
const ADDRESSES_MAX: usize = 10_000;
/// Wrong keys of an address that are looked up in a second, and at once by one that was at rest. A key counts
/// as wrong from the question on, until the books know it.
const WRONG_PER_SECOND: u32 = 30;
const SECOND: Duration = Duration::from_secs(1);

/// HMAC-SHA256 of a key under the newest pepper.
pub type Digest = [u8; 32];

/// The standing of a key before the books are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// Lately it was this key.
    Known(Uuid),
    /// Lately nobody had it.
    Wrong,
    /// The books may be asked, by this caller alone: see [`Callers::asking`].
    Stranger,
    /// The books are being asked for another: see [`Callers::answer`].
    Asked,
    /// Its address sent too many wrong ones: it may ask again after this.
    Later(Duration),
}

/// The memory of all threads.
pub struct Callers {
    memory: Mutex<Memory>,
    wrong: IntCounterVec,
}

struct Memory {
    known: Table<Digest, Uuid>,
    unknown: Table<Digest, ()>,
    /// Until when each has used its allowance; `None` is everybody who has no line of his own.
    addresses: Table<Option<IpAddr>, ()>,
    /// The digests that the books are being asked about, and who waits for that: the reason, where there is no answer.
    asked: HashMap<Digest, watch::Sender<Option<ErrorCode>>>,
}

/// A question to the books. Dropped without an answer, it leaves the next caller to ask anew; what it spent is spent.
pub struct Asking<'c> {
    callers: &'c Callers,
    digest: Option<Digest>,
}

impl Asking<'_> {
    /// Ends the question: what came of it is told to [`Callers`] next.
    pub fn ended(mut self) {
        self.digest = None;
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some(digest) = self.digest {
            self.callers.memory().asked.remove(&digest);
        }
    }
}

/// A map of bounded size, whose entries end by themselves.
struct Table<K, V> {
    entries: HashMap<K, (V, Instant)>,
    most: usize,
    swept: Option<Instant>,
}

impl<K: Eq + Hash, V> Table<K, V> {
    fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            most,
            swept: None,
        }
    }

    /// The entry, if it is there and has not ended.
    fn get(&self, key: &K, now: Instant) -> Option<&(V, Instant)> {
        self.entries.get(key).filter(|(_, until)| *until > now)
    }

    /// Keeps a value where there is room, and says so; where there is none, what has ended goes first, at
    /// most once a second.
    fn keep(&mut self, key: K, entry: (V, Instant), now: Instant) -> bool {
        let is_full = self.entries.len() >= self.most;
        if is_full && self.swept.is_none_or(|at| at <= now) {
            self.entries.retain(|_, (_, until)| *until > now);
            self.swept = now.checked_add(SECOND);
        }
        let has_room = self.entries.len() < self.most || self.entries.contains_key(&key);
        if has_room {
            self.entries.insert(key, entry);
        }
        has_room
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            known: Table::new(KNOWN_MAX),
            unknown: Table::new(UNKNOWN_MAX),
            addresses: Table::new(ADDRESSES_MAX),
            asked: HashMap::new(),
        }
    }
}

impl Callers {
    /// A memory without a key yet; wrong keys are counted in this registry.
    ///
    /// # Errors
    /// When they are counted there already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let wrong = IntCounterVec::new(
            Opts::new(
                "gateway_wrong_keys_total",
                "Requests with an API key that nobody has, by what they cost.",
            ),
            &["cost"],
        )?;
        for cost in ["looked_up", "remembered", "put_off"] {
            wrong.with_label_values(&[cost]);
        }
        registry.register(Box::new(wrong.clone()))?;
        Ok(Self {
            memory: Mutex::default(),
            wrong,
        })
    }

    /// The standing of a key that comes from this address. A stranger's look-up is spent here, before the books are
    /// asked, so that those who come at once are counted like those who come in turn.
    pub fn meet(&self, digest: &Digest, address: Option<IpAddr>, now: Instant) -> Acquaintance {
        let mut memory = self.memory();
        if let Some((key, _)) = memory.known.get(digest, now) {
            return Acquaintance::Known(*key);
        }
        if memory.unknown.get(digest, now).is_some() {
            self.wrong.with_label_values(&["remembered"]).inc();
            return Acquaintance::Wrong;
        }
        if memory.asked.contains_key(digest) {
            return Acquaintance::Asked;
        }
        let network = network_of(address);
        let used = memory.used_until(network, now);
        let ahead = used.saturating_duration_since(now).saturating_add(gap());
        if ahead > SECOND {
            self.wrong.with_label_values(&["put_off"]).inc();
            return Acquaintance::Later(ahead.saturating_sub(SECOND));
        }
        memory.spend(network, now);
        memory.asked.insert(*digest, watch::Sender::new(None));
        Acquaintance::Stranger
    }

    /// The question that a stranger's key leads to; held until the books have answered.
    pub fn asking(&self, digest: Digest) -> Asking<'_> {
        Asking {
            callers: self,
            digest: Some(digest),
        }
    }

    /// Waits until the books were asked about a key for another caller. The reason where they were away; else the
    /// key is met anew.
    pub async fn answer(&self, digest: &Digest) -> Option<ErrorCode> {
        let told = self
            .memory()
            .asked
            .get(digest)
            .map(watch::Sender::subscribe);
        let mut told = told?;
        match told.changed().await {
            Ok(()) => *told.borrow(),
            Err(_ended_without_a_word) => None,
        }
    }

    /// The books know the key of this digest.
    pub fn found(&self, digest: Digest, key: Uuid, address: Option<IpAddr>, now: Instant) {
        let until = now.checked_add(KNOWN_FOR).unwrap_or(now);
        let mut memory = self.memory();
        memory.known.keep(digest, (key, until), now);
        if memory.asked.remove(&digest).is_some() {
            memory.give_back(network_of(address));
        }
    }

    /// The books know no such key, or none that is still good.
    pub fn not_found(&self, digest: Digest, address: Option<IpAddr>, now: Instant) {
        self.wrong.with_label_values(&["looked_up"]).inc();
        let mut memory = self.memory();
        memory.known.entries.remove(&digest);
        let until = now.checked_add(UNKNOWN_FOR).unwrap_or(now);
        memory.unknown.keep(digest, ((), until), now);
        // A key that was known until now has spent nothing yet.
        if memory.asked.remove(&digest).is_none() {
            memory.spend(network_of(address), now);
        }
    }

    /// The books said nothing about the key, for this reason: nobody's doing, and whoever waits hears the same.
    pub fn away(&self, digest: &Digest, address: Option<IpAddr>, why: ErrorCode) {
        let mut memory = self.memory();
        if let Some(waiting) = memory.asked.remove(digest) {
            memory.give_back(network_of(address));
            waiting.send_replace(Some(why));
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Until when an address has used its allowance, or those without a line of their own together.
    fn used_until(&self, network: Option<IpAddr>, now: Instant) -> Instant {
        let lines = &self.addresses;
        let has_none = !lines.entries.contains_key(&network);
        let line = if has_none && lines.entries.len() >= lines.most {
            lines.get(&None, now)
        } else {
            lines.get(&network, now)
        };
        line.map_or(now, |(_, until)| *until)
    }

    /// Counts a look-up, at most a second ahead.
    fn spend(&mut self, network: Option<IpAddr>, now: Instant) {
        let used = self.used_until(network, now);
        let used = used.checked_add(gap()).unwrap_or(used);
        let used = now.checked_add(SECOND).map_or(used, |most| used.min(most));
        if !self.addresses.keep(network, ((), used), now) {
            self.addresses.entries.insert(None, ((), used));
        }
    }

    /// Undoes the count of one. What is over by now is no credit.
    fn give_back(&mut self, network: Option<IpAddr>) {
        let lines = &mut self.addresses.entries;
        let own = if lines.contains_key(&network) {
            network
        } else {
            None
        };
        if let Some((_, until)) = lines.get_mut(&own) {
            *until = until.checked_sub(gap()).unwrap_or(*until);
        }
    }
}

fn gap() -> Duration {
    SECOND
        .checked_div(WRONG_PER_SECOND)
        .unwrap_or(Duration::ZERO)
}

/// Whoever has one address of IPv6 has a network of them.
fn network_of(address: Option<IpAddr>) -> Option<IpAddr> {
    const NETWORK: u128 = !0 << 64;
    address.map(|address| match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    })
}

#[cfg(test)]
mod tests;
