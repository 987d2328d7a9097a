//! Monitoring: metrics, logs, traces, alerts and dashboards are what the documents say, and fire when they should.

pub(crate) mod alerts_and_dashboards_fit;
pub(crate) mod alerts_fire;
mod logs_are_documented;
pub(crate) mod metrics_are_catalogued;
pub(crate) mod prometheus_watches;
mod traces_go_through;
