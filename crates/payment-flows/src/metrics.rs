//! The counters of flows.

use ayolinx_core::expiry::ProviderExpiry;
use ledger::WorkKind;
use prometheus::{IntCounterVec, Opts, Registry};

/// The alarms that flows and loops may raise.
const ALARMS: [&str; 5] = [
    "provider_configuration",
    "provider_throttled",
    "expired_without_answer",
    "redelivery_gave_up",
    "resends_exhausted",
];
/// The outcomes of a resend.
const RESENDS: [&str; 2] = ["sent", "given_up"];

/// The counters of one process.
#[derive(Debug, Clone)]
pub struct FlowMetrics {
    work: IntCounterVec,
    alarms: IntCounterVec,
    expiries: IntCounterVec,
    resends: IntCounterVec,
}

impl FlowMetrics {
    /// Registers the counters with `registry`.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered already.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let work = IntCounterVec::new(
            Opts::new(
                "gateway_provider_work_total",
                "Work done with the provider about payments, by kind and outcome",
            ),
            &["kind", "outcome"],
        )?;
        let alarms = IntCounterVec::new(
            Opts::new(
                "gateway_alarms_total",
                "Things somebody must look at, by what",
            ),
            &["what"],
        )?;
        let expiries = IntCounterVec::new(
            Opts::new(
                "gateway_provider_expiries_total",
                "Ends of a payment's time that the provider names, by channel and what they come to",
            ),
            &["channel", "finding"],
        )?;
        let resends = IntCounterVec::new(
            Opts::new(
                "gateway_provider_resends_total",
                "Creates that are not there: sent again, or given up for being always answered alike",
            ),
            &["outcome"],
        )?;
        for outcome in RESENDS {
            resends.with_label_values(&[outcome]).inc_by(0);
        }
        // From the first: what rises from nothing is not seen to rise.
        for kind in WorkKind::ALL {
            for outcome in ["done", "again", "unsent"] {
                work.with_label_values(&[kind.as_str(), outcome]).inc_by(0);
            }
        }
        for what in ALARMS {
            alarms.with_label_values(&[what]).inc_by(0);
        }
        registry.register(Box::new(work.clone()))?;
        registry.register(Box::new(alarms.clone()))?;
        registry.register(Box::new(expiries.clone()))?;
        registry.register(Box::new(resends.clone()))?;
        Ok(Self {
            work,
            alarms,
            expiries,
            resends,
        })
    }

    /// Starts the counters of this channel at zero.
    pub(crate) fn begin_channel(&self, channel: &str) {
        for finding in ProviderExpiry::NAMES {
            self.expiries
                .with_label_values(&[channel, finding])
                .inc_by(0);
        }
    }

    pub(crate) fn expiry_named(&self, channel: &str, expiry: ProviderExpiry) {
        self.expiries
            .with_label_values(&[channel, expiry.as_str()])
            .inc();
    }

    pub(crate) fn resent(&self, outcome: &str) {
        self.resends.with_label_values(&[outcome]).inc();
    }

    pub(crate) fn work_done(&self, kind: &str, outcome: &str) {
        self.work.with_label_values(&[kind, outcome]).inc();
    }

    /// Counts an alarm that a person must look at.
    pub fn alarm(&self, what: &str) {
        self.alarms.with_label_values(&[what]).inc();
    }
}
