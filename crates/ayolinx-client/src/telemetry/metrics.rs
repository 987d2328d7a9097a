//! The client's metrics. Labels are calls and outcomes, never references.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::call_name::Exchange;
use crate::secret_pair::Which;

const BUCKETS_SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

/// The names of every exchange that is counted.
const CALLS: [&str; 11] = [
    "token",
    "qris_create",
    "ewallet_create",
    "virtual_account_create",
    "retail_create",
    "payment_link_create",
    "qris_inquiry",
    "ewallet_inquiry",
    "virtual_account_inquiry",
    "retail_inquiry",
    "qris_cancel",
];

/// The means by which we prove who we are.
const PROOFS: [&str; 2] = ["private_key", "client_secret"];

/// Counters and durations of the provider's calls. Clones count together.
#[derive(Debug, Clone)]
pub struct ClientMetrics {
    token_fetches: IntCounterVec,
    calls: IntCounterVec,
    durations: HistogramVec,
    alarms: IntCounterVec,
    accepted_keys: IntCounterVec,
    qr_codes: IntCounterVec,
    unknown_codes: IntCounterVec,
}

impl ClientMetrics {
    /// Creates counters at zero.
    ///
    /// # Errors
    /// Fails only when a name or label is malformed.
    pub fn new() -> Result<Self, prometheus::Error> {
        let metrics = Self {
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
                    "Exchanges with the provider by call, channel and outcome.",
                ),
                &["call", "channel", "outcome"],
            )?,
            durations: HistogramVec::new(
                HistogramOpts::new(
                    "gateway_provider_call_duration_seconds",
                    "Length of exchanges with the provider, token and repeat included.",
                )
                .buckets(BUCKETS_SECONDS.to_vec()),
                &["call", "channel"],
            )?,
            alarms: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_configuration_alarms_total",
                    "Answers that point at keys, client id, IP list or clock.",
                ),
                &["call"],
            )?,
            accepted_keys: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_accepted_keys_total",
                    "Exchanges that the provider accepted, by which of our keys was used.",
                ),
                &["kind", "key"],
            )?,
            qr_codes: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_qr_codes_total",
                    "QR codes of the provider by channel and what they were found to be.",
                ),
                &["channel", "finding"],
            )?,
            unknown_codes: IntCounterVec::new(
                Opts::new(
                    "gateway_provider_unknown_codes_total",
                    "Replies whose code stands in no document of the provider or of SNAP.",
                ),
                &["call"],
            )?,
        };
        metrics.begin();
        Ok(metrics)
    }

    /// Publishes every count of fixed labels from the start: a counter that first appears above
    /// zero is not seen to rise.
    fn begin(&self) {
        for outcome in ["accepted", "refused", "failed"] {
            let fetches = self.token_fetches.with_label_values(&[outcome]);
            fetches.inc_by(0);
        }
        for call in CALLS {
            self.alarms.with_label_values(&[call]).inc_by(0);
            self.unknown_codes.with_label_values(&[call]).inc_by(0);
        }
        for kind in PROOFS {
            for which in [Which::Current, Which::Previous] {
                let labels = [kind, which.as_str()];
                self.accepted_keys.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// Publishes the counts of this channel's QR codes from the start: a counter that first appears
    /// above zero is not seen to rise.
    pub fn begin_qr_codes(&self, channel: &str) {
        for finding in ["right", "broken", "other_amount"] {
            self.qr_codes
                .with_label_values(&[channel, finding])
                .inc_by(0);
        }
    }

    /// Registers everything.
    ///
    /// # Errors
    /// Fails when a name is taken already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let collectors: [Box<dyn Collector>; 7] = [
            Box::new(self.token_fetches.clone()),
            Box::new(self.calls.clone()),
            Box::new(self.durations.clone()),
            Box::new(self.alarms.clone()),
            Box::new(self.accepted_keys.clone()),
            Box::new(self.qr_codes.clone()),
            Box::new(self.unknown_codes.clone()),
        ];
        collectors
            .into_iter()
            .try_for_each(|collector| registry.register(collector))
    }

    pub(crate) fn token_fetched(&self, outcome: &str) {
        self.token_fetches.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn called(&self, exchange: Exchange<'_>, outcome: &str, took: Duration) {
        let Exchange { call, channel } = exchange;
        self.calls
            .with_label_values(&[call, channel, outcome])
            .inc();
        self.durations
            .with_label_values(&[call, channel])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn private_key_accepted(&self, which: Which) {
        let labels = ["private_key", which.as_str()];
        self.accepted_keys.with_label_values(&labels).inc();
    }

    pub(crate) fn client_secret_accepted(&self, which: Which) {
        let labels = ["client_secret", which.as_str()];
        self.accepted_keys.with_label_values(&labels).inc();
    }

    pub(crate) fn qr_checked(&self, channel: &str, finding: &str) {
        self.qr_codes.with_label_values(&[channel, finding]).inc();
    }

    pub(crate) fn met_unknown_code(&self, call: &str) {
        self.unknown_codes.with_label_values(&[call]).inc();
    }

    pub(crate) fn alarmed(&self, call: &str) {
        self.alarms.with_label_values(&[call]).inc();
    }
}
