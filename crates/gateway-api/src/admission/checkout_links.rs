//! The checkout links that are looked up at all: those that one of our keys signed and, for as long as such
//! orders live, a few of those that were made before links were signed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::checkout_link::is_spelt_as_unsigned;
use ayolinx_core::ids::OrderId;
use ayolinx_core::sealing::Keyring;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{Ledger, LedgerError, Urgency};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Unsigned links looked up at once in a process: nothing vouches for them, so strangers can send them too.
const UNSIGNED_MAX: usize = 1;
/// The longest wait for a turn.
const UNSIGNED_WAIT: Duration = Duration::from_secs(1);
/// Unsigned links that may wait for a turn.
const UNSIGNED_WAITING_MAX: usize = 16;
/// The time for which an order is still shown after it ended.
const SHOWN_AFTER: TimeDelta = TimeDelta::days(1);
/// The pause after a failed look at the ledger.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause after a successful look: the ledger answers for half a day ahead, whatever version makes
/// orders meanwhile.
const LEARN_AGAIN: Duration = Duration::from_secs(3_600);

/// The validity of a link before its order is looked up.
#[derive(Debug)]
pub enum Proof<'l> {
    /// One of our keys signed it.
    Signed,
    /// An unsigned one, whose order may be from before links were signed. The turn to look is held
    /// until this is dropped.
    Unsigned(Turn<'l>),
    /// Not ours.
    Wrong,
    /// Not known now.
    Later,
}

/// The turn of an unsigned link.
#[derive(Debug)]
pub struct Turn<'l> {
    _turn: SemaphorePermit<'l>,
    _waits: SemaphorePermit<'l>,
}

/// The links of a process.
pub struct Links {
    keyring: Arc<Keyring>,
    life_max: TimeDelta,
    /// The time until which orders with unsigned links were made, if any; `None` until the ledger has
    /// answered.
    unsigned_until: Mutex<Option<Option<DateTime<Utc>>>>,
    waits: Semaphore,
    turns: Semaphore,
}

impl Links {
    /// Returns links under the keys of this ring, of orders that live no longer than the channels allow.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, channels: &ChannelTable) -> Self {
        let longest = channels.iter().map(|channel| channel.max_expiry).max();
        let life = TimeDelta::from_std(longest.unwrap_or_default()).unwrap_or(TimeDelta::MAX);
        Self {
            keyring,
            life_max: life.checked_add(&SHOWN_AFTER).unwrap_or(TimeDelta::MAX),
            unsigned_until: Mutex::new(None),
            waits: Semaphore::new(UNSIGNED_WAITING_MAX),
            turns: Semaphore::new(UNSIGNED_MAX),
        }
    }

    /// Asks the ledger until when orders with unsigned links were made, and repeats until it answers.
    /// Unsigned links wait for the answer.
    async fn learn(&self, ledger: &Ledger) {
        let books = ledger.at(Urgency::Write);
        loop {
            let asked: Result<_, LedgerError> =
                books.transact(|tx| tx.links_unsigned_until()).await;
            match asked {
                Ok(until) => {
                    *self.known() = Some(until);
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "unsigned links wait for the database");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Keeps the ledger's answer up to date while the process lives. Signals the first answer to the
    /// caller.
    pub async fn keep_learning(&self, ledger: &Ledger, learnt: tokio::sync::oneshot::Sender<()>) {
        self.learn(ledger).await;
        // The receiver may have given up waiting.
        drop(learnt);
        loop {
            tokio::time::sleep(LEARN_AGAIN).await;
            self.learn(ledger).await;
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Option<DateTime<Utc>>>> {
        self.unsigned_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the validity of a link with this token for this order.
    pub async fn prove(&self, order: OrderId, token: &str, now: DateTime<Utc>) -> Proof<'_> {
        if self.keyring.signed_link(order, token) {
            return Proof::Signed;
        }
        if !is_spelt_as_unsigned(token) {
            return Proof::Wrong;
        }
        let Some(until) = *self.known() else {
            return Proof::Later;
        };
        if !until.is_some_and(|until| self.may_be_from_before(order, until, now)) {
            return Proof::Wrong;
        }
        let Ok(waits) = self.waits.try_acquire() else {
            return Proof::Later;
        };
        match tokio::time::timeout(UNSIGNED_WAIT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Proof::Unsigned(Turn {
                _turn: turn,
                _waits: waits,
            }),
            Ok(Err(_)) | Err(_) => Proof::Later,
        }
    }

    /// Returns whether an order may be from before links were signed, by the time in its id (UUIDv7).
    fn may_be_from_before(&self, order: OrderId, until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let Some(made) = made_at(order) else {
            return false;
        };
        made <= until && now.signed_duration_since(made) <= self.life_max
    }
}

fn made_at(order: OrderId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = order.as_uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

#[cfg(test)]
mod tests {
    use ayolinx_core::channels::Environment;
    use ayolinx_core::secret::Secret;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn links(unsigned_until: Option<DateTime<Utc>>) -> Links {
        let keyring = Keyring::new(&[Secret::new("a key")]).unwrap();
        let channels = ChannelTable::built_in(Environment::NonProduction);
        let links = Links::new(Arc::new(keyring), &channels);
        *links.known() = Some(unsigned_until);
        links
    }

    fn order_of(made: DateTime<Utc>, random: u128) -> OrderId {
        let millis = u128::try_from(made.timestamp_millis()).unwrap();
        let random = random & !(0xffff_ffff_ffff << 80);
        let bits = (millis << 80) | random;
        let uuid = uuid::Builder::from_u128(bits)
            .with_version(uuid::Version::SortRand)
            .into_uuid();
        OrderId::from_uuid(uuid)
    }

    fn told(proof: &Proof<'_>) -> &'static str {
        match proof {
            Proof::Signed => "signed",
            Proof::Unsigned(_) => "unsigned",
            Proof::Wrong => "wrong",
            Proof::Later => "later",
        }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().unwrap().block_on(work)
    }

    proptest! {
        #[test]
        fn an_unsigned_link_is_looked_up_only_while_an_order_of_before_can_live(
            random in any::<u128>(),
            made_before_now in 0_i64..200 * 24,
            until_before_now in -24_i64..200 * 24,
            known in any::<bool>(),
            token in "[0-9a-f]{64}",
        ) {
            let now = Utc::now();
            let hours = |count| now - TimeDelta::hours(count);
            let until = hours(until_before_now);
            let links = links(known.then_some(until));
            let order = order_of(hours(made_before_now), random);
            let may = known
                && made_before_now >= until_before_now
                && TimeDelta::hours(made_before_now) <= links.life_max;
            let proof = block_on(links.prove(order, &token, now));
            prop_assert_eq!(told(&proof), if may { "unsigned" } else { "wrong" });
        }

        #[test]
        fn a_wrong_link_is_known_as_such_without_the_books(
            order in any::<u128>(),
            token in "[A-Za-z0-9_=+/ -]{0,80}",
        ) {
            let links = links(None);
            let order = OrderId::from_uuid(Uuid::from_u128(order));
            let proof = block_on(links.prove(order, &token, Utc::now()));
            prop_assert_eq!(told(&proof), "wrong");
            let own = links.keyring.link_token(order);
            let proof = block_on(links.prove(order, &own, Utc::now()));
            prop_assert_eq!(told(&proof), "signed");
        }
    }

    #[test]
    fn unsigned_links_take_turns_and_few_wait() {
        let now = Utc::now();
        let links = links(Some(now));
        let order = order_of(now, 7);
        let token = "0".repeat(64);
        block_on(async {
            let first = links.prove(order, &token, now).await;
            assert_eq!(told(&first), "unsigned");
            let second = links.prove(order, &token, now).await;
            assert_eq!(told(&second), "later");
            let many = (0..100).map(|_| links.prove(order, &token, now));
            let all = futures_util::future::join_all(many).await;
            assert!(all.iter().all(|proof| told(proof) == "later"));
            drop(first);
            assert_eq!(told(&links.prove(order, &token, now).await), "unsigned");
        });
    }
}
