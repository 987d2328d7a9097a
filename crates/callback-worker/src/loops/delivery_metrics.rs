//! Metrics of deliveries.

use std::time::Duration;

use ayolinx_core::ids::EventId;
use chrono::{DateTime, Utc};
use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

const TRY_SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];
const DELAY_SECONDS: [f64; 11] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0,
];
const OUTCOMES: [&str; 11] = [
    "delivered",
    "http_status",
    "put_off",
    "timeout",
    "connect",
    "dns",
    "disconnected",
    "bad_response",
    "bad_request",
    "url_refused",
    "gone",
];

/// The state of an endpoint before the attempt that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndpointState {
    /// An endpoint that takes what it gets.
    Healthy,
    /// An endpoint whose last attempts all failed.
    Troubled,
}

impl EndpointState {
    const ALL: [Self; 2] = [Self::Healthy, Self::Troubled];

    const fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Troubled => "troubled",
        }
    }
}

/// Metrics of deliveries.
#[derive(Debug, Clone)]
pub struct DeliveryMetrics {
    tries: IntCounterVec,
    seconds: HistogramVec,
    delay: Histogram,
}

impl DeliveryMetrics {
    /// Registers the counters with `registry`.
    ///
    /// # Errors
    /// Returns an error when they are registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let options = |name: &str, help: &str, buckets: &[f64]| {
            HistogramOpts::new(name, help).buckets(buckets.to_vec())
        };
        let metrics = Self {
            tries: IntCounterVec::new(
                Opts::new(
                    "gateway_webhook_tries_total",
                    "Tries to deliver webhooks, by the endpoint's state and outcome",
                ),
                &["endpoint", "outcome"],
            )?,
            seconds: HistogramVec::new(
                options(
                    "gateway_webhook_try_duration_seconds",
                    "Length of a try, by the endpoint's state",
                    &TRY_SECONDS,
                ),
                &["endpoint"],
            )?,
            delay: Histogram::with_opts(options(
                "gateway_webhook_delay_seconds",
                "From an event until its shop has taken it",
                &DELAY_SECONDS,
            ))?,
        };
        // From the first: what rises from nothing is not seen to rise.
        for state in EndpointState::ALL {
            for outcome in OUTCOMES {
                let labels = [state.label(), outcome];
                metrics.tries.with_label_values(&labels).inc_by(0);
            }
        }
        let collectors: [Box<dyn Collector>; 3] = [
            Box::new(metrics.tries.clone()),
            Box::new(metrics.seconds.clone()),
            Box::new(metrics.delay.clone()),
        ];
        collectors
            .into_iter()
            .try_for_each(|collector| registry.register(collector))?;
        Ok(metrics)
    }

    pub(super) fn tried(&self, endpoint: EndpointState, outcome: &str, took: Duration) {
        let labels = [endpoint.label(), outcome];
        self.tries.with_label_values(&labels).inc();
        self.seconds
            .with_label_values(&[endpoint.label()])
            .observe(took.as_secs_f64());
    }

    /// Records the delay since the event, whose id begins with its time.
    pub(super) fn delivered(&self, event: EventId) {
        let Some(since) = event.as_uuid().get_timestamp() else {
            return;
        };
        let (seconds, nanos) = since.to_unix();
        let since = i64::try_from(seconds).ok();
        let since = since.and_then(|seconds| DateTime::from_timestamp(seconds, nanos));
        let delay = since.and_then(|since| Utc::now().signed_duration_since(since).to_std().ok());
        self.delay.observe(delay.unwrap_or_default().as_secs_f64());
    }
}
