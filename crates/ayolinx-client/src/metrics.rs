//! What the client counts. Labels are calls and outcomes, never references.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

const BUCKETS_SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

/// Counters and durations of the provider's calls. Clones count together.
#[derive(Debug, Clone)]
pub struct ClientMetrics {
    token_fetches: IntCounterVec,
    calls: IntCounterVec,
    durations: HistogramVec,
    alarms: IntCounterVec,
}

impl ClientMetrics {
    /// New counters at zero.
    ///
    /// # Errors
    /// Only when a name or label were malformed.
    pub fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            token_fetches: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_token_fetches_total",
                    "Token requests by outcome.",
                ),
                &["outcome"],
            )?,
            calls: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_calls_total",
                    "Exchanges with the provider by outcome.",
                ),
                &["call", "outcome"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "gateway_provider_call_duration_seconds",
                    "Length of exchanges with the provider, token and repeat included.",
                )
                .buckets(BUCKETS_SECONDS.to_vec()),
                &["call"],
            )?,
            alarms: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_configuration_alarms_total",
                    "Answers that point at keys, client id, IP list or clock.",
                ),
                &["call"],
            )?,
        })
    }

    /// Registers everything.
    ///
    /// # Errors
    /// When a name is taken already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let collectors: [Box<dyn Collector>; 4] = [
            Box::new(self.token_fetches.clone()),
            Box::new(self.calls.clone()),
            Box::new(self.durations.clone()),
            Box::new(self.alarms.clone()),
        ];
        collectors
            .into_iter()
            .try_for_each(|collector| registry.register(collector))
    }

    pub(crate) fn token_fetched(&self, outcome: &str) {
        self.token_fetches.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn called(&self, call: &str, outcome: &str, took: Duration) {
        self.calls.with_label_values(&[call, outcome]).inc();
        self.durations
            .with_label_values(&[call])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn alarmed(&self, call: &str) {
        self.alarms.with_label_values(&[call]).inc();
    }
}
