//! Counters of one process for its own work with the database, and for the payments and money that
//! it moved: counted after the commit. Labels are fixed words, channels and states, never ids.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::rows::tally::{Tally, What};

const SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
];
const CHANGES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const OUTCOMES: [&str; 4] = ["done", "refused", "away", "overloaded"];

/// The ledger's own counters of one process.
#[derive(Clone)]
pub(crate) struct LedgerMetrics {
    waits: HistogramVec,
    transactions: IntCounterVec,
    seconds: HistogramVec,
    changes: Histogram,
    payments: IntCounterVec,
    booked: IntCounterVec,
}

fn seconds(name: &str, help: &str) -> Result<HistogramVec, prometheus::Error> {
    let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    HistogramVec::new(options, &["urgency"])
}

impl LedgerMetrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            IntCounterVec::new(Opts::new(name, help), labels)
        };
        let metrics = Self {
            waits: seconds(
                "gateway_db_wait_seconds",
                "How long a transaction waited for its place at the database.",
            )?,
            transactions: counter(
                "gateway_db_transactions_total",
                "Transactions of the process by urgency and outcome, but for shared commits.",
                &["urgency", "outcome"],
            )?,
            seconds: seconds(
                "gateway_db_transaction_duration_seconds",
                "Length of a transaction, without the wait for its place.",
            )?,
            changes: Histogram::with_opts(
                HistogramOpts::new(
                    "gateway_group_commit_changes",
                    "Changes that shared one commit.",
                )
                .buckets(CHANGES.to_vec()),
            )?,
            payments: counter(
                "gateway_payments_total",
                "Payments that came into a state, by method, channel and state.",
                &["method", "channel", "state"],
            )?,
            booked: counter(
                "gateway_booked_rupiah_total",
                "Rupiah booked, by method, channel and booking.",
                &["method", "channel", "booking"],
            )?,
        };
        for urgency in Urgency::ALL {
            for outcome in OUTCOMES {
                let labels = [urgency.as_str(), outcome];
                metrics.transactions.with_label_values(&labels).inc_by(0);
            }
        }
        Ok(metrics)
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let collectors: [Box<dyn Collector>; 6] = [
            Box::new(self.waits.clone()),
            Box::new(self.transactions.clone()),
            Box::new(self.seconds.clone()),
            Box::new(self.changes.clone()),
            Box::new(self.payments.clone()),
            Box::new(self.booked.clone()),
        ];
        collectors
            .into_iter()
            .try_for_each(|collector| registry.register(collector))
    }

    pub(crate) fn waited(&self, urgency: Urgency, how_long: Duration) {
        self.waits
            .with_label_values(&[urgency.as_str()])
            .observe(how_long.as_secs_f64());
    }

    pub(crate) fn transacted(&self, urgency: Urgency, how_long: Duration) {
        self.seconds
            .with_label_values(&[urgency.as_str()])
            .observe(how_long.as_secs_f64());
    }

    pub(crate) fn ended<T>(&self, urgency: Urgency, result: &Result<T, LedgerError>) {
        let [done, refused, away, overloaded] = OUTCOMES;
        let outcome = match result {
            Ok(_) => done,
            Err(LedgerError::Unavailable(_)) => away,
            Err(LedgerError::Overloaded) => overloaded,
            Err(LedgerError::NotFound | LedgerError::Conflict(_) | LedgerError::Corrupt(_)) => {
                refused
            }
        };
        let labels = [urgency.as_str(), outcome];
        self.transactions.with_label_values(&labels).inc();
    }

    pub(crate) fn shared(&self, changes: usize) {
        let changes = u32::try_from(changes).unwrap_or(u32::MAX);
        self.changes.observe(f64::from(changes));
    }

    pub(crate) fn committed(&self, tally: &Tally) {
        for (payment, what) in &tally.0 {
            let labels = |what| [payment.method.as_str(), payment.channel.as_str(), what];
            match what {
                What::Came(state) => {
                    let labels = labels(state.as_str());
                    self.payments.with_label_values(&labels).inc();
                }
                What::Booked(booking, rupiah) => {
                    let labels = labels(booking.as_str());
                    self.booked.with_label_values(&labels).inc_by(*rupiah);
                }
            }
        }
    }
}
