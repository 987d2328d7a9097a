//! Payers' pages that wait for news of their orders: how many may, for how long, and one look a second
//! at all their orders together, so that waiting costs no database connection and no query of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ayolinx_core::ids::OrderId;
use ledger::{Books, Ledger, LedgerError, OrderPulse, Urgency};
use service_shell::shutdown::Shutdown;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

/// Orders that one query asks for.
const ORDERS_A_LOOK: usize = 500;

/// How much waiting one process allows.
#[derive(Debug, Clone, Copy)]
pub struct WatchLimits {
    /// Open streams, of all orders.
    pub streams: usize,
    /// Open streams of one order: tabs and devices of one payer.
    pub of_an_order: usize,
    /// A stream ends after so long; the page opens another.
    pub life: Duration,
    /// Something is sent at least so often, so that a reader who is gone is noticed.
    pub heartbeat: Duration,
    /// Between two looks.
    pub pulse: Duration,
}

impl Default for WatchLimits {
    fn default() -> Self {
        Self {
            streams: 4096,
            of_an_order: 8,
            life: Duration::from_secs(600),
            heartbeat: Duration::from_secs(15),
            pulse: Duration::from_secs(1),
        }
    }
}

type Sender = watch::Sender<Option<OrderPulse>>;

/// The waiting pages of one process.
pub struct Watching {
    limits: WatchLimits,
    places: Arc<Semaphore>,
    watched: Mutex<HashMap<OrderId, Sender>>,
    shutdown: Shutdown,
}

impl Watching {
    /// Nobody waits yet; `shutdown` ends those who will.
    #[must_use]
    pub fn new(limits: WatchLimits, shutdown: Shutdown) -> Self {
        Self {
            limits,
            places: Arc::new(Semaphore::new(limits.streams)),
            watched: Mutex::default(),
            shutdown,
        }
    }

    /// A place among those who wait for news of this order; `None` when all are taken, or the process
    /// is about to end.
    #[must_use]
    pub fn enter(&self, order: OrderId) -> Option<Watch> {
        if self.shutdown.is_triggered() {
            return None;
        }
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut watched = self.watched();
        let sender = watched.entry(order).or_default();
        if sender.receiver_count() >= self.limits.of_an_order {
            return None;
        }
        Some(Watch {
            news: sender.subscribe(),
            heartbeat: self.limits.heartbeat,
            until: Instant::now() + self.limits.life,
            shutdown: self.shutdown.clone(),
            _place: place,
        })
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let free = self.places.available_permits();
        self.limits.streams.saturating_sub(free)
    }

    /// Looks again and again until the process ends. One of these runs in a process.
    pub async fn look(&self, ledger: Ledger) {
        let books = ledger.at(Urgency::Read);
        while !self.shutdown.is_triggered() {
            tokio::time::sleep(self.limits.pulse).await;
            for orders in self.orders().chunks(ORDERS_A_LOOK) {
                if let Err(error) = self.look_at(&books, orders).await {
                    tracing::debug!(error = %error, "payers' pages wait for the database");
                }
            }
        }
    }

    async fn look_at(&self, books: &Books, orders: &[OrderId]) -> Result<(), LedgerError> {
        let orders = orders.to_vec();
        let pulses = books.transact(move |tx| tx.order_pulses(&orders)).await?;
        let watched = self.watched();
        for (order, pulse) in pulses {
            if let Some(sender) = watched.get(&order) {
                sender.send_if_modified(|last| {
                    let is_news = last.is_none_or(|last| last.version < pulse.version);
                    *last = Some(pulse);
                    is_news
                });
            }
        }
        Ok(())
    }

    /// Those that somebody waits for; the others are forgotten.
    fn orders(&self) -> Vec<OrderId> {
        let mut watched = self.watched();
        watched.retain(|_, sender| sender.receiver_count() > 0);
        watched.keys().copied().collect()
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<OrderId, Sender>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One page's place.
pub struct Watch {
    news: watch::Receiver<Option<OrderPulse>>,
    heartbeat: Duration,
    until: Instant,
    shutdown: Shutdown,
    _place: OwnedSemaphorePermit,
}

/// What comes next to a waiting page.
#[derive(Debug, Clone, Copy)]
pub enum News {
    /// The order may have changed: where it stands.
    Order(OrderPulse),
    /// Nothing for a while.
    Quiet,
    /// The place is given up: the time is over, or the process ends.
    Over,
}

impl Watch {
    /// Waits for what comes next.
    pub async fn next(&mut self) -> News {
        let quiet = Instant::now() + self.heartbeat;
        tokio::select! {
            () = self.shutdown.wait() => News::Over,
            () = sleep_until(self.until) => News::Over,
            changed = self.news.changed() => match (changed, *self.news.borrow_and_update()) {
                (Ok(()), Some(pulse)) => News::Order(pulse),
                _ => News::Over,
            },
            () = sleep_until(quiet) => News::Quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LIMITS: WatchLimits = WatchLimits {
        streams: 3,
        of_an_order: 2,
        life: Duration::from_secs(600),
        heartbeat: Duration::from_secs(15),
        pulse: Duration::from_secs(1),
    };

    fn order(number: u128) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(number))
    }

    #[actix_rt::test]
    async fn places_are_bounded_in_all_and_for_each_order() {
        let watching = Watching::new(LIMITS, Shutdown::new());
        let first = watching.enter(order(1)).unwrap();
        let _second = watching.enter(order(1)).unwrap();
        assert!(watching.enter(order(1)).is_none(), "too many of one order");
        let _third = watching.enter(order(2)).unwrap();
        assert!(watching.enter(order(3)).is_none(), "too many in all");
        assert_eq!(watching.waiting(), 3);
        drop(first);
        assert!(watching.enter(order(1)).is_some());
    }

    #[actix_rt::test]
    async fn what_nobody_waits_for_is_forgotten() {
        let watching = Watching::new(LIMITS, Shutdown::new());
        let watch = watching.enter(order(1)).unwrap();
        assert_eq!(watching.orders(), [order(1)]);
        drop(watch);
        assert_eq!(watching.orders(), []);
    }

    #[actix_rt::test]
    async fn who_waits_is_let_go_when_the_process_ends_and_nobody_enters() {
        let shutdown = Shutdown::new();
        let watching = Watching::new(LIMITS, shutdown.clone());
        let mut watch = watching.enter(order(1)).unwrap();
        shutdown.trigger();
        assert!(matches!(watch.next().await, News::Over));
        assert!(watching.enter(order(2)).is_none());
    }
}
