//! The metrics of a pool: the number of places taken, the largest holders, and the refusals.

use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::held::Held;
use crate::limits::Refused;

/// A reading of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolMetrics {
    places: usize,
    held: usize,
    waiting: usize,
    /// The keys that hold most, at most [`PoolMetrics::LARGEST`].
    largest: Vec<(String, usize)>,
}

impl PoolMetrics {
    /// Most holders that are named at a time: more would be more series than a pool is worth.
    const LARGEST: usize = 3;

    /// Reads the places that are held, and the number that waits.
    #[must_use]
    pub fn read<K: Eq + Hash + Clone + Display>(held: &Held<K>, waiting: usize) -> Self {
        let largest = held.largest(Self::LARGEST).into_iter();
        Self {
            places: held.limits().places,
            held: held.all(),
            waiting,
            largest: largest.map(|(key, held)| (key.to_string(), held)).collect(),
        }
    }
}

/// The name of a rank at which nobody holds enough to be named.
const NOBODY: &str = "none";

/// Refusals so far, by reason.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<[AtomicU64; Refused::ALL.len()]>);

impl Refusals {
    /// Counts one refusal.
    pub fn count(&self, refused: Refused) {
        if let Some((_, counted)) = self.each().find(|(reason, _)| *reason == refused) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn each(&self) -> impl Iterator<Item = (Refused, &AtomicU64)> {
        Refused::ALL.into_iter().zip(self.0.iter())
    }

    /// Publishes these refusals together with the reading of the pool of this name by `read`, each
    /// time the metrics are gathered.
    ///
    /// # Errors
    /// Fails when a pool of this name is registered already.
    pub fn register(
        &self,
        registry: &Registry,
        pool: &'static str,
        read: impl Fn() -> PoolMetrics + Send + Sync + 'static,
    ) -> Result<(), prometheus::Error> {
        registry.register(Box::new(PoolCollector {
            refusals: self.clone(),
            read: Box::new(read),
            pool,
            told: Told::new(pool)?,
        }))
    }
}

/// The metrics of one pool, empty.
struct Told {
    places: IntGauge,
    held: IntGauge,
    waiting: IntGauge,
    largest: IntGaugeVec,
    refusals: IntCounterVec,
}

impl Told {
    fn new(pool: &'static str) -> Result<Self, prometheus::Error> {
        let options = |name: &str, help: &str| Opts::new(name, help).const_label("pool", pool);
        Ok(Self {
            places: IntGauge::with_opts(options(
                "gateway_share_places",
                "Places of a shared pool.",
            ))?,
            held: IntGauge::with_opts(options(
                "gateway_share_held",
                "Places of a shared pool that are taken.",
            ))?,
            waiting: IntGauge::with_opts(options(
                "gateway_share_waiting",
                "Callers that wait for a place of a shared pool.",
            ))?,
            largest: IntGaugeVec::new(
                options(
                    "gateway_share_largest_holders",
                    "Places held by the holders of most, of those that hold all that is guaranteed to each.",
                ),
                &["rank", "holder"],
            )?,
            refusals: IntCounterVec::new(
                options(
                    "gateway_share_refusals_total",
                    "Callers that found no place, by whose share was used up.",
                ),
                &["reason"],
            )?,
        })
    }

    fn collectors(&self) -> [&dyn Collector; 5] {
        [
            &self.places,
            &self.held,
            &self.waiting,
            &self.largest,
            &self.refusals,
        ]
    }
}

/// The collector that reads a pool whenever the registry is gathered.
struct PoolCollector {
    refusals: Refusals,
    read: Box<dyn Fn() -> PoolMetrics + Send + Sync>,
    pool: &'static str,
    /// The metrics, for their descriptions.
    told: Told,
}

impl Collector for PoolCollector {
    fn desc(&self) -> Vec<&Desc> {
        let all = self.told.collectors().into_iter();
        all.flat_map(Collector::desc).collect()
    }

    /// Collects the metrics anew each time, so that a holder of the last reading does not stay.
    fn collect(&self) -> Vec<MetricFamily> {
        let Ok(told) = Told::new(self.pool) else {
            return Vec::new();
        };
        let reading = (self.read)();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        told.places.set(count(reading.places));
        told.held.set(count(reading.held));
        told.waiting.set(count(reading.waiting));
        let nobody = std::iter::repeat_n((NOBODY.to_owned(), 0), PoolMetrics::LARGEST);
        let ranked = (1..=PoolMetrics::LARGEST).zip(reading.largest.into_iter().chain(nobody));
        for (rank, (holder, held)) in ranked {
            let labels = [rank.to_string(), holder];
            told.largest.with_label_values(&labels).set(count(held));
        }
        for (reason, counted) in self.refusals.each() {
            let refused = told.refusals.with_label_values(&[reason.as_str()]);
            refused.inc_by(counted.load(Ordering::Relaxed));
        }
        let all = told.collectors().into_iter();
        all.flat_map(Collector::collect).collect()
    }
}
