//! Gauges computed from the ledger when they are asked for, but at bounded intervals: how much waits, since when,
//! and the money. The wiring registers them; they call the ledger. Invariant: a scrape costs the same at any size.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;
use ledger::{Backlog, Ledger, LedgerError, Money, Queues, Urgency};
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};

mod feed_hold;

use self::feed_hold::FeedHold;

/// The shortest time between two reads of the queues, however many scrapes there are …
const QUEUES_EVERY: Duration = Duration::from_secs(5);
/// … and between two reads of money, which costs more.
const MONEY_EVERY: Duration = Duration::from_secs(30);
/// Maximum number of callbacks in quarantine that are counted.
const QUARANTINE_COUNTED_MAX: i64 = 1_000;
/// The states of an endpoint, as the gauge has them.
const ENDPOINT_STATES: [&str; 3] = ["healthy", "troubled", "disabled"];

/// Gauges computed from the ledger.
#[derive(Debug, Clone)]
pub struct Gauges {
    outbox_waiting: IntGauge,
    outbox_oldest_seconds: IntGauge,
    webhooks_dead: IntGauge,
    quarantined: IntGauge,
    waiting: IntGaugeVec,
    oldest_seconds: IntGaugeVec,
    endpoints: IntGaugeVec,
    pending: IntGaugeVec,
    pending_rupiah: IntGaugeVec,
    pending_cut_off: IntGauge,
    suspense_rupiah: IntGauge,
    unbalanced: IntGauge,
    references_shared: IntGauge,
    transaction_oldest_seconds: IntGauge,
    read_at: IntGaugeVec,
    next: Arc<Mutex<Next>>,
    feed_hold: Arc<Mutex<FeedHold>>,
    backlog: Arc<Mutex<Backlog>>,
}

/// Times when each set may be read again.
#[derive(Debug, Default)]
struct Next {
    queues: Option<Instant>,
    money: Option<Instant>,
}

/// Returns whether the set is due, and if so sets the time when it is due again.
fn is_due(next: &mut Option<Instant>, every: Duration) -> bool {
    let now = Instant::now();
    if next.is_some_and(|at| at > now) {
        return false;
    }
    *next = now.checked_add(every);
    true
}

fn one(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn several(
    registry: &Registry,
    (name, help): (&str, &str),
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(gauges.clone()))?;
    Ok(gauges)
}

impl Gauges {
    /// Registers the gauges with `registry`.
    ///
    /// # Errors
    /// Returns an error when they are registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let one = |name: &str, help: &str| one(registry, name, help);
        let several =
            |name: &str, help: &str, labels: &[&str]| several(registry, (name, help), labels);
        Ok(Self {
            outbox_waiting: one("gateway_outbox_waiting", "Webhook deliveries that are due")?,
            outbox_oldest_seconds: one(
                "gateway_outbox_oldest_seconds",
                "How long the oldest due webhook delivery waits",
            )?,
            webhooks_dead: one("gateway_webhooks_dead", "Webhook deliveries that gave up")?,
            quarantined: one(
                "gateway_notifications_quarantined",
                "Verified callbacks that nobody could place (up to 1000 counted)",
            )?,
            waiting: several(
                "gateway_queue_waiting",
                "What is due and not done, by queue (up to 10000 counted)",
                &["queue"],
            )?,
            oldest_seconds: several(
                "gateway_queue_oldest_seconds",
                "How long the oldest of it is due, by queue",
                &["queue"],
            )?,
            endpoints: several(
                "gateway_webhook_endpoints",
                "Webhook endpoints by state",
                &["state"],
            )?,
            pending: several(
                "gateway_pending_payments",
                "Payments that can be paid, by method and channel",
                &["method", "channel"],
            )?,
            pending_rupiah: several(
                "gateway_pending_rupiah",
                "Rupiah that can be paid, by method and channel",
                &["method", "channel"],
            )?,
            pending_cut_off: one(
                "gateway_pending_is_cut_off",
                "1 when more payments are open than are added up",
            )?,
            suspense_rupiah: one("gateway_suspense_rupiah", "Rupiah in suspense")?,
            unbalanced: one(
                "gateway_unbalanced_journals",
                "Of the newest journals, those that do not sum to zero",
            )?,
            references_shared: one(
                "gateway_provider_reference_shared",
                "Payments of the last day whose provider reference another payment has too",
            )?,
            transaction_oldest_seconds: one(
                "gateway_transaction_oldest_seconds",
                "How long the oldest transaction runs that has written",
            )?,
            read_at: several(
                "gateway_books_read_timestamp_seconds",
                "When these gauges were last read from the books, by set",
                &["set"],
            )?,
            next: Arc::default(),
            feed_hold: Arc::default(),
            backlog: Arc::default(),
        })
    }

    /// Sets the gauges from the ledger; when the ledger is away, the last values stay.
    pub async fn refresh(self, ledger: Ledger) {
        let (queues, money) = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            (
                is_due(&mut next.queues, QUEUES_EVERY),
                is_due(&mut next.money, MONEY_EVERY),
            )
        };
        if queues && self.refresh_queues(&ledger).await.is_ok() {
            self.was_read("queues");
        }
        if money && self.refresh_money(&ledger).await.is_ok() {
            self.was_read("money");
        }
    }

    fn was_read(&self, set: &str) {
        let gauge = self.read_at.with_label_values(&[set]);
        gauge.set(Utc::now().timestamp());
    }

    async fn refresh_queues(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        let before = self.backlog().for_next_look();
        let read = ledger.at(Urgency::Write).transact(move |tx| {
            let running = tx.running_transactions()?;
            let quarantined = tx.quarantine_depth(QUARANTINE_COUNTED_MAX)?;
            Ok((running, quarantined, tx.queues(&before)?))
        });
        let (running, quarantined, (queues, backlog)) = read.await?;
        let mut hold = (self.feed_hold.lock()).unwrap_or_else(PoisonError::into_inner);
        let held = hold.after_look(running, Instant::now());
        drop(hold);
        let held = i64::try_from(held.as_secs()).unwrap_or(i64::MAX);
        self.transaction_oldest_seconds.set(held);
        *self.backlog() = backlog;
        self.quarantined.set(quarantined);
        self.show_queues(&queues);
        Ok(())
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show_queues(&self, queues: &Queues) {
        self.outbox_waiting.set(queues.outbox.waiting);
        let oldest = queues.outbox.oldest_seconds.max(0);
        self.outbox_oldest_seconds.set(oldest);
        self.webhooks_dead.set(queues.dead);
        for depth in &queues.depths {
            let queue = [depth.queue.as_str()];
            self.waiting.with_label_values(&queue).set(depth.waiting);
            let oldest = self.oldest_seconds.with_label_values(&queue);
            oldest.set(depth.oldest_seconds.max(0));
        }
        for state in ENDPOINT_STATES {
            let mut counted = queues.endpoints.iter();
            let count = counted.find(|(name, _)| name == state);
            let gauge = self.endpoints.with_label_values(&[state]);
            gauge.set(count.map_or(0, |(_, count)| *count));
        }
    }

    async fn refresh_money(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        let read = ledger
            .at(Urgency::Write)
            .transact(|tx| Ok((tx.money()?, tx.shared_references()?)));
        let (money, shared): (Money, i64) = read.await?;
        self.references_shared.set(shared);
        // A channel with nothing pending any more is not shown with what it once had.
        self.pending.reset();
        self.pending_rupiah.reset();
        for of in &money.pending {
            let labels = [of.method.as_str(), of.channel.as_str()];
            self.pending.with_label_values(&labels).set(of.payments);
            self.pending_rupiah
                .with_label_values(&labels)
                .set(of.rupiah);
        }
        self.pending_cut_off
            .set(i64::from(money.pending_is_cut_off));
        self.suspense_rupiah.set(money.suspense_rupiah);
        self.unbalanced.set(money.unbalanced);
        Ok(())
    }
}
