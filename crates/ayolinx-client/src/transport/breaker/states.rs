//! The gauge of the breakers, read when it is asked for: a breaker's time passes without a call.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};

use super::Breaker;

/// The gauge of whether each breaker is open.
pub(super) struct BreakerStates {
    breaker: Breaker,
    gauge: IntGaugeVec,
}

impl BreakerStates {
    /// Creates the gauge of these breakers.
    ///
    /// # Errors
    /// Fails only when a name or label is malformed.
    pub(super) fn new(breaker: Breaker) -> Result<Self, prometheus::Error> {
        let gauge = IntGaugeVec::new(
            Opts::new(
                "gateway_provider_breaker",
                "Whether calls are refused untried, but for probes, by call and channel.",
            ),
            &["call", "channel"],
        )?;
        Ok(Self { breaker, gauge })
    }
}

impl Collector for BreakerStates {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for ((call, channel), is_open) in self.breaker.states() {
            let gauge = self.gauge.with_label_values(&[call, channel.as_str()]);
            gauge.set(i64::from(is_open));
        }
        self.gauge.collect()
    }
}
