//! The memory of API keys in this process, so that checks before the database cost it nothing: which key a digest
//! belongs to, for the rate limit; which digests belong to no key; which are being looked up; and how many wrong keys
//! an address sent lately. Permissions are never answered from here: a revoked key is refused by the ledger at its
//! next request.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{IntCounterVec, Opts, Registry};
use tokio::sync::watch;
use uuid::Uuid;

use crate::http::error::ErrorCode;

/// Keys remembered at once; further ones are looked up like unknown keys.
const KNOWN_MAX: usize = 100_000;
/// The time for which a key is known after its last use.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// Digests of wrong keys that are remembered at once.
const UNKNOWN_MAX: usize = 10_000;
/// The time for which a wrong digest is not looked up again.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// Addresses whose wrong keys are counted at once; all others count together.
const ADDRESSES_MAX: usize = 10_000;
/// Wrong keys of an address that are looked up in a second, and at once for an address that was at rest. A key counts
/// as wrong from the start of its look-up until the ledger knows it.
const WRONG_PER_SECOND: u32 = 30;
const SECOND: Duration = Duration::from_secs(1);

/// HMAC-SHA256 of a key under the newest pepper.
pub type Digest = [u8; 32];

/// The standing of a key before the ledger is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// The digest belonged to this key lately.
    Known(Uuid),
    /// The digest belonged to no key lately.
    Wrong,
    /// Unknown. This caller alone may ask the ledger: see [`Callers::asking`].
    Stranger,
    /// Unknown, and the ledger is being asked for another caller: see [`Callers::answer`].
    Asked,
    /// Refused for now: its address sent too many wrong keys and may ask again after this.
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
    /// The time until which each address has used its allowance; `None` stands for all addresses without an entry of
    /// their own.
    addresses: Table<Option<IpAddr>, ()>,
    /// The digests that the ledger is being asked about, each with its waiting callers. They receive the reason where
    /// there is no answer.
    asked: HashMap<Digest, watch::Sender<Option<ErrorCode>>>,
}

/// A look-up in the ledger. Dropped without an answer, it leaves the next caller to ask anew; its cost stays counted.
pub struct Asking<'c> {
    callers: &'c Callers,
    digest: Option<Digest>,
}

impl Asking<'_> {
    /// Ends the look-up: the caller reports its outcome to [`Callers`] next.
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

/// A map of bounded size, whose entries expire.
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

    /// Returns the entry, if it is there and has not expired.
    fn get(&self, key: &K, now: Instant) -> Option<&(V, Instant)> {
        self.entries.get(key).filter(|(_, until)| *until > now)
    }

    /// Keeps a value where there is room, and returns whether there was. A full table first drops expired entries, at
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
    /// Returns an empty memory, which counts wrong keys in this registry.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered there already.
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

    /// Returns the standing of a key that comes from this address. The look-up of an unknown key is counted here,
    /// before the ledger is asked, so that keys that arrive at once are counted like keys that arrive in turn.
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

    /// Returns the look-up of an unknown key; held until the ledger has answered.
    pub fn asking(&self, digest: Digest) -> Asking<'_> {
        Asking {
            callers: self,
            digest: Some(digest),
        }
    }

    /// Waits until the ledger was asked about a key for another caller. Returns the reason where the ledger was away;
    /// otherwise the key is met anew.
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

    /// Records that the ledger knows the key of this digest.
    pub fn found(&self, digest: Digest, key: Uuid, address: Option<IpAddr>, now: Instant) {
        let until = now.checked_add(KNOWN_FOR).unwrap_or(now);
        let mut memory = self.memory();
        memory.known.keep(digest, (key, until), now);
        if memory.asked.remove(&digest).is_some() {
            memory.give_back(network_of(address));
        }
    }

    /// Records that the ledger knows no such key, or none that is still valid.
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

    /// Records that the ledger gave no answer about the key, for this reason. It counts against nobody, and the
    /// waiting callers get the same reason.
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
    /// Returns the time until which an address has used its allowance, or all addresses without an entry of their own.
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

    /// Undoes the count of one look-up. Time that has passed by now is no credit.
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

/// Returns the network of an address: whoever has one IPv6 address has a network of them.
fn network_of(address: Option<IpAddr>) -> Option<IpAddr> {
    const NETWORK: u128 = !0 << 64;
    address.map(|address| match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK)),
    })
}

#[cfg(test)]
mod tests;
