//! The loops that run, and the beat of each. Every one of them claims by lease, acts with no transaction open, and
//! records; any number of replicas may run them. The wiring starts them; they call the ledger, the flows and the
//! webhooks. Invariant: a lease outlasts the work done under it.

use std::rc::Rc;
use std::time::Duration;

use ledger::{Ledger, LedgerError, Retention, Urgency, WorkKind};
use payment_flows::Flows;
use prometheus::Registry;
use service_shell::pace::{Did, Pace};
use service_shell::shutdown::Shutdown;

mod deliver;
mod delivery_metrics;
mod housekeeping;
mod in_flight;
mod provider_work;
mod redeliver;

pub use deliver::{Deliverer, Tries};
pub use delivery_metrics::DeliveryMetrics;
pub use housekeeping::Housekeeping;
pub use redeliver::step_one_range;

use provider_work::ProviderWork;

/// Maximum number of orders ended in one transaction.
const EXPIRIES_AT_ONCE: i64 = 50;
/// Maximum number of quarantined notifications looked at in one transaction.
const REMATCHES_AT_ONCE: i64 = 50;

/// The beat of making partitions. Months are made well ahead: once a day would do, but a step that could not get
/// its locks is repeated.
const PARTITIONS_BEAT: Duration = Duration::from_secs(3600);
/// The beat of removing what is kept for months or days.
const RETENTION_BEAT: Duration = PARTITIONS_BEAT;

/// The work with the provider, of every kind.
pub struct AllWork {
    flows: Rc<Flows>,
    kinds: [Rc<ProviderWork>; WorkKind::ALL.len()],
}

impl AllWork {
    /// Creates it with nothing in hand; each kind looks for its work every `beat` and reports in `registry` how full
    /// it is.
    ///
    /// # Errors
    /// Returns an error when it is registered already.
    pub fn new(
        flows: &Rc<Flows>,
        beat: Duration,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        let kinds = WorkKind::ALL.map(|kind| ProviderWork::new(flows, kind, beat));
        for work in &kinds {
            work.places().register(registry)?;
        }
        Ok(Self {
            flows: Rc::clone(flows),
            kinds,
        })
    }

    /// Returns the number of pieces that are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.kinds.iter().map(|work| work.places().held()).sum()
    }
}

/// Starts every loop on this thread; they end with the shutdown.
pub fn start(
    work: &AllWork,
    deliverer: &Rc<Deliverer>,
    beat: Duration,
    kept: &Housekeeping,
    shutdown: &Shutdown,
) -> Vec<actix_web::rt::task::JoinHandle<()>> {
    let mut running = Vec::new();
    let flows = &work.flows;
    for work in &work.kinds {
        let of_kind = Rc::clone(work);
        let step = move || {
            let work = Rc::clone(&of_kind);
            async move { work.run_once().await }
        };
        let pace = work.pace().clone();
        running.push(actix_web::rt::spawn(pace.run(shutdown.clone(), step)));
    }
    running.extend(deliver(deliverer, beat, shutdown));
    let stepping = Rc::clone(flows);
    let redeliver = move || {
        let flows = Rc::clone(&stepping);
        async move { step_one_range(flows.ledger(), flows.metrics()).await }
    };
    let pace = Pace::new("redeliver_events", beat);
    running.push(actix_web::rt::spawn(pace.run(shutdown.clone(), redeliver)));
    let ledger = flows.ledger().clone();
    let expire = move || expire_orders(ledger.clone());
    let pace = Pace::new("expire_orders", beat);
    running.push(actix_web::rt::spawn(pace.run(shutdown.clone(), expire)));
    let ledger = flows.ledger().clone();
    let rematch = move || rematch_quarantine(ledger.clone());
    let pace = Pace::new("rematch_quarantine", beat);
    running.push(actix_web::rt::spawn(pace.run(shutdown.clone(), rematch)));
    let (ledger, retention) = (flows.ledger().clone(), kept.retention);
    let keep = move || keep_partitions(ledger.clone(), retention);
    let pace = Pace::new("keep_partitions", PARTITIONS_BEAT);
    running.push(actix_web::rt::spawn(pace.run(shutdown.clone(), keep)));
    running.extend(keep_house(flows.ledger(), kept, shutdown));
    running
}

/// Starts the loops that remove what is kept for a limited time.
fn keep_house(
    ledger: &Ledger,
    kept: &Housekeeping,
    shutdown: &Shutdown,
) -> [actix_web::rt::task::JoinHandle<()>; 3] {
    let of = || (kept.clone(), ledger.clone());
    let (house, books) = of();
    let erase = move || {
        let (house, books) = (house.clone(), books.clone());
        async move { house.erase_payers(&books).await }
    };
    let (house, books) = of();
    let prune = move || {
        let (house, books) = (house.clone(), books.clone());
        async move { house.prune_creations(&books).await }
    };
    let (house, books) = of();
    let give_up = move || {
        let (house, books) = (house.clone(), books.clone());
        async move { house.give_up_deliveries(&books).await }
    };
    let pace = |name| Pace::new(name, RETENTION_BEAT);
    [
        actix_web::rt::spawn(pace("erase_payers").run(shutdown.clone(), erase)),
        actix_web::rt::spawn(pace("prune_creations").run(shutdown.clone(), prune)),
        actix_web::rt::spawn(pace("give_up_deliveries").run(shutdown.clone(), give_up)),
    ]
}

const WEBHOOK_BEAT_MAX: Duration = Duration::from_millis(100);

/// Returns the pace of webhooks. A shop waits for them: they are looked for more often than the rest, and at once
/// when a callback has made one.
#[must_use]
pub fn webhook_pace(beat: Duration) -> Pace {
    Pace::new("deliver_webhooks", beat.min(WEBHOOK_BEAT_MAX))
}

/// Starts delivering webhooks.
pub fn deliver(
    deliverer: &Rc<Deliverer>,
    beat: Duration,
    shutdown: &Shutdown,
) -> [actix_web::rt::task::JoinHandle<()>; 2] {
    let (healthy, troubled) = (Rc::clone(deliverer), Rc::clone(deliverer));
    let send = move || {
        let deliverer = Rc::clone(&healthy);
        async move { deliverer.run_once().await }
    };
    let probe = move || {
        let deliverer = Rc::clone(&troubled);
        async move { deliverer.run_troubled_once().await }
    };
    let send = deliverer.pace().clone().run(shutdown.clone(), send);
    let beat = beat.min(WEBHOOK_BEAT_MAX);
    let probe = Pace::new("deliver_to_troubled", beat).run(shutdown.clone(), probe);
    [actix_web::rt::spawn(send), actix_web::rt::spawn(probe)]
}

async fn expire_orders(ledger: Ledger) -> Result<Did, LedgerError> {
    let found = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.expire_orders(EXPIRIES_AT_ONCE))
        .await?;
    // Those that wait for a payment were put off: others may be behind them.
    Ok(did(found.looked_at))
}

async fn rematch_quarantine(ledger: Ledger) -> Result<Did, LedgerError> {
    let found = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.rematch(REMATCHES_AT_ONCE))
        .await?;
    Ok(did(found.looked_at))
}

async fn keep_partitions(ledger: Ledger, retention: Retention) -> Result<Did, LedgerError> {
    let done = ledger.keep_partitions(retention).await?;
    if !done.made.is_empty() || !done.dropped.is_empty() {
        let (made, dropped) = (done.made.join(" "), done.dropped.join(" "));
        tracing::info!(made, dropped, "partitions made and dropped");
    }
    for held in done.held {
        let (partition, due) = (held.name, held.due);
        tracing::warn!(
            partition,
            due,
            "kept beyond its time: deliveries are to be made"
        );
    }
    Ok(Did::Nothing)
}

fn did(count: usize) -> Did {
    if count == 0 {
        Did::Nothing
    } else {
        Did::Something
    }
}
