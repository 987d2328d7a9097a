//! Payers' pages and shops' held reads that wait for news of orders: limits on their number and time, and one look a
//! second at all their orders together, so that waiting costs no database connection and no query of its own.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ayolinx_core::ids::{MerchantId, OrderId};
use ledger::{Books, Ledger, LedgerError, OrderPulse, Urgency};
use prometheus::Registry;
use service_shell::shutdown::Shutdown;
use shares::{Limits, Place, Shares};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Orders that one query asks for.
const ORDERS_A_LOOK: usize = 500;

/// The limits on waiting in one process.
#[derive(Debug, Clone, Copy)]
pub struct WatchLimits {
    /// Open streams of payers' pages, of all orders, shared by shops.
    pub streams: Limits,
    /// Reads held with `?wait=`, shared by shops.
    pub held_reads: Limits,
    /// Open streams of one order: tabs and devices of one payer.
    pub of_an_order: usize,
    /// The longest life of a stream; the page then opens another.
    pub life: Duration,
    /// The longest time without a message, so that a reader who is gone is noticed.
    pub heartbeat: Duration,
    /// The pause between two looks.
    pub pulse: Duration,
}

/// Streams, and held reads, that one process never exceeds, however many connections there are.
const WAITING_MAX: usize = 4096;

impl WatchLimits {
    /// Returns the limits for a listener that may have this many connections at once: those who wait leave a quarter
    /// of them to all other requests, and those of one shop never hold more than half.
    #[must_use]
    pub fn of_connections(connections: usize) -> Self {
        let waiting = connections.saturating_sub(connections.div_ceil(4));
        let quarters = Limits::quarters(waiting.clamp(1, WAITING_MAX));
        let of_one = quarters.most_of_one.min(connections / 2).max(1);
        let limits = Limits {
            most_of_one: of_one,
            ..quarters
        };
        Self {
            streams: limits,
            held_reads: limits,
            of_an_order: 8,
            life: Duration::from_secs(600),
            heartbeat: Duration::from_secs(15),
            pulse: Duration::from_secs(1),
        }
    }
}

type Sender = watch::Sender<Option<OrderPulse>>;

/// The pages and reads that wait in one process.
pub struct Watching {
    limits: WatchLimits,
    pages: Shares<MerchantId>,
    pages_of_order: Shares<OrderId>,
    held_reads: Shares<MerchantId>,
    watched: Mutex<HashMap<OrderId, Sender>>,
    shutdown: Shutdown,
}

impl Watching {
    /// Returns a watcher for which nobody waits yet; `shutdown` ends later waits.
    #[must_use]
    pub fn new(limits: WatchLimits, shutdown: Shutdown) -> Self {
        let of_order = Limits {
            most_of_one: limits.of_an_order,
            ..Limits::unshared(limits.streams.places)
        };
        Self {
            limits,
            pages: Shares::new("streams", limits.streams, Limits::NONE),
            pages_of_order: Shares::new("streams_of_order", of_order, Limits::NONE),
            held_reads: Shares::new("held_reads", limits.held_reads, Limits::NONE),
            watched: Mutex::default(),
            shutdown,
        }
    }

    /// Registers the metrics of the slots that shops share.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.pages.register(registry)?;
        self.held_reads.register(registry)
    }

    /// Takes a slot for a payer's page among those that wait for news of this shop's order; `None` when the shop's or
    /// all slots are taken, or the process is about to end.
    #[must_use]
    pub fn open_page(&self, merchant: MerchantId, order: OrderId) -> Option<Watch> {
        let of_order = self.pages_of_order.try_enter(&order).ok()?;
        let place = self.pages.try_enter(&merchant).ok()?;
        self.watch(order, (place, Some(of_order)))
    }

    /// Takes a slot for a held read of the shop; `None` as for [`Watching::open_page`].
    #[must_use]
    pub fn hold_read(&self, merchant: MerchantId, order: OrderId) -> Option<Watch> {
        let place = self.held_reads.try_enter(&merchant).ok()?;
        self.watch(order, (place, None))
    }

    fn watch(&self, order: OrderId, places: Places) -> Option<Watch> {
        if self.shutdown.is_triggered() {
            return None;
        }
        let mut news = self.watched().entry(order).or_default().subscribe();
        // Earlier watchers may have seen this state already; to the new one it may be news.
        if news.borrow().is_some() {
            news.mark_changed();
        }
        Some(Watch {
            news,
            heartbeat: self.limits.heartbeat,
            until: Instant::now() + self.limits.life,
            shutdown: self.shutdown.clone(),
            _places: places,
        })
    }

    /// Returns the number of pages and reads that wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pages.held().saturating_add(self.held_reads.held())
    }

    /// Looks again and again until the process ends. One of these runs in a process.
    pub async fn look(&self, ledger: Ledger) {
        let books = ledger.at(Urgency::Read);
        while !self.shutdown.is_triggered() {
            tokio::time::sleep(self.limits.pulse).await;
            for orders in self.orders().chunks(ORDERS_A_LOOK) {
                if let Err(error) = self.look_at(&books, orders).await {
                    tracing::debug!(error = %error, "pages and held reads wait for the database");
                }
            }
        }
    }

    async fn look_at(&self, books: &Books, orders: &[OrderId]) -> Result<(), LedgerError> {
        let orders = orders.to_vec();
        let pulses = books.transact(move |tx| tx.order_pulses(&orders)).await?;
        self.tell(pulses);
        Ok(())
    }

    fn tell(&self, pulses: HashMap<OrderId, OrderPulse>) {
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
    }

    /// Returns the orders that somebody waits for, and forgets the others.
    fn orders(&self) -> Vec<OrderId> {
        let mut watched = self.watched();
        watched.retain(|_, sender| sender.receiver_count() > 0);
        watched.keys().copied().collect()
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<OrderId, Sender>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shop's slot, and a page's slot among those of its order.
type Places = (Place<MerchantId>, Option<Place<OrderId>>);

/// The slot of a page or read that waits.
pub struct Watch {
    news: watch::Receiver<Option<OrderPulse>>,
    heartbeat: Duration,
    until: Instant,
    shutdown: Shutdown,
    _places: Places,
}

/// The next message to a page or read that waits.
#[derive(Debug, Clone, Copy)]
pub enum News {
    /// A possible change of the order: its current state and version.
    Order(OrderPulse),
    /// No news for a while.
    Quiet,
    /// The end of the slot: the time is over, or the process ends.
    Over,
}

impl Watch {
    /// Waits for the next message.
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
        streams: Limits::unshared(3),
        held_reads: Limits {
            places: 4,
            most_of_one: 3,
            guaranteed: 1,
            reserve: 1,
        },
        of_an_order: 2,
        life: Duration::from_secs(600),
        heartbeat: Duration::from_secs(15),
        pulse: Duration::from_secs(1),
    };

    fn order(number: u128) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(number))
    }

    fn shop(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    #[actix_rt::test]
    async fn pages_are_bounded_in_all_and_for_each_order_and_held_reads_for_each_shop() {
        let watching = Watching::new(LIMITS, Shutdown::new());
        let page = |number| watching.open_page(shop(1), order(number));
        let first = page(1).unwrap();
        let _second = page(1).unwrap();
        assert!(page(1).is_none(), "too many of one order");
        let _third = page(2).unwrap();
        assert!(page(3).is_none(), "too many in all");
        assert_eq!(watching.waiting(), 3);
        let read = |number| watching.hold_read(shop(number), order(1));
        let reads: Vec<_> = (0..9).filter_map(|_| read(1)).collect();
        assert_eq!(reads.len(), 3, "of one shop");
        assert!(read(2).is_some(), "which leaves another its own");
        drop(first);
        assert!(page(1).is_some(), "held reads take no page's place");
    }

    #[test]
    fn those_who_wait_leave_room_on_every_listener_and_one_shop_leaves_half() {
        for connections in [4, 10, 64, 176, 234, 704, 1_024, 4_096, 8_192] {
            let limits = WatchLimits::of_connections(connections);
            for pool in [limits.streams, limits.held_reads] {
                assert!(pool.places <= WAITING_MAX, "{connections} {pool:?}");
                assert!(pool.places * 4 <= connections * 3, "{connections} {pool:?}");
                assert!(
                    pool.most_of_one * 2 <= connections,
                    "{connections} {pool:?}"
                );
                assert!(pool.most_of_one <= pool.places, "{connections} {pool:?}");
            }
        }
        let most = WatchLimits::of_connections(8_192).held_reads;
        assert_eq!((most.places, most.most_of_one), (4_096, 3_072));
        let few = WatchLimits::of_connections(234).held_reads;
        assert_eq!((few.places, few.most_of_one), (175, 117));
        assert_eq!(WatchLimits::of_connections(1).streams.places, 1);
    }

    #[actix_rt::test]
    async fn what_nobody_waits_for_is_forgotten() {
        let watching = Watching::new(LIMITS, Shutdown::new());
        let watch = watching.open_page(shop(1), order(1)).unwrap();
        assert_eq!(watching.orders(), [order(1)]);
        drop(watch);
        assert_eq!(watching.orders(), []);
    }

    #[actix_rt::test]
    async fn whoever_comes_later_hears_what_the_others_heard_already() {
        let watching = Watching::new(LIMITS, Shutdown::new());
        let _early = watching.open_page(shop(1), order(1)).unwrap();
        let pulse = OrderPulse {
            version: 2,
            state: ayolinx_core::states::OrderState::Pending,
        };
        watching.tell(HashMap::from([(order(1), pulse)]));
        let mut late = watching.hold_read(shop(1), order(1)).unwrap();
        assert!(matches!(late.next().await, News::Order(told) if told.version == 2));
    }

    #[actix_rt::test]
    async fn who_waits_is_let_go_when_the_process_ends_and_nobody_enters() {
        let shutdown = Shutdown::new();
        let watching = Watching::new(LIMITS, shutdown.clone());
        let mut watch = watching.open_page(shop(1), order(1)).unwrap();
        shutdown.trigger();
        assert!(matches!(watch.next().await, News::Over));
        assert!(watching.hold_read(shop(1), order(2)).is_none());
    }
}
