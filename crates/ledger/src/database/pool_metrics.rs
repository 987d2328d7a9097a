//! Metrics of one process about its way to the database that are read at each scrape: slots and
//! sessions.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Opts};

use crate::database::admission::Gate;
use crate::database::watchdog::Watchdog;

/// The slots at the database, read at each scrape.
pub(crate) struct Connections {
    gate: Gate,
    max: IntGauge,
    in_use: IntGauge,
    waiting: IntGauge,
}

impl Connections {
    pub(crate) fn new(gate: Gate) -> Result<Self, prometheus::Error> {
        Ok(Self {
            gate,
            max: IntGauge::new(
                "gateway_db_connections_max",
                "Connections that the process may use at once.",
            )?,
            in_use: IntGauge::new(
                "gateway_db_connections_in_use",
                "Connections that are at work.",
            )?,
            waiting: IntGauge::new(
                "gateway_db_waiting",
                "Transactions that wait for their place at the database.",
            )?,
        })
    }
}

impl Collector for Connections {
    fn desc(&self) -> Vec<&Desc> {
        [&self.max, &self.in_use, &self.waiting]
            .into_iter()
            .flat_map(Collector::desc)
            .collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let standing = self.gate.standing();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.max.set(count(standing.places));
        self.in_use
            .set(count(standing.places.saturating_sub(standing.free)));
        self.waiting.set(count(standing.waiting));
        [&self.max, &self.in_use, &self.waiting]
            .into_iter()
            .flat_map(Collector::collect)
            .collect()
    }
}

/// The standing of the sessions with the database.
pub(crate) struct Sessions {
    watched: [Arc<Watchdog>; 2],
    replaced: IntCounterVec,
    given_up: IntGaugeVec,
    unanswered: GaugeVec,
}

impl Sessions {
    pub(crate) fn new(watched: [Arc<Watchdog>; 2]) -> Result<Self, prometheus::Error> {
        let labels = ["session"];
        Ok(Self {
            watched,
            replaced: IntCounterVec::new(
                Opts::new(
                    "gateway_db_sessions_replaced_total",
                    "Sessions that did not answer and were given up for another.",
                ),
                &labels,
            )?,
            given_up: IntGaugeVec::new(
                Opts::new(
                    "gateway_db_sessions_given_up",
                    "Sessions that were given up and have not ended.",
                ),
                &labels,
            )?,
            unanswered: GaugeVec::new(
                Opts::new(
                    "gateway_db_unanswered_seconds",
                    "Age of the oldest question that no session has answered.",
                ),
                &labels,
            )?,
        })
    }
}

impl Collector for Sessions {
    fn desc(&self) -> Vec<&Desc> {
        let mut all = self.replaced.desc();
        all.extend(self.given_up.desc());
        all.extend(self.unanswered.desc());
        all
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for watchdog in &self.watched {
            let (standing, labels) = (watchdog.standing(), [watchdog.name()]);
            let replaced = self.replaced.with_label_values(&labels);
            replaced.inc_by(standing.replaced.saturating_sub(replaced.get()));
            let given_up = i64::try_from(standing.given_up).unwrap_or(i64::MAX);
            self.given_up.with_label_values(&labels).set(given_up);
            let unanswered = self.unanswered.with_label_values(&labels);
            unanswered.set(standing.unanswered.as_secs_f64());
        }
        let mut all = self.replaced.collect();
        all.extend(self.given_up.collect());
        all.extend(self.unanswered.collect());
        all
    }
}
