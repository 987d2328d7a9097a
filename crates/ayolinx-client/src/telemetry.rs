//! Telemetry: the name of each call, by which it is counted, and the metrics and traces that show
//! it. Every other room calls it; it calls `outcome` and `secret_pair`. Invariant: a label is never
//! a reference.

pub(crate) mod call_name;
pub(crate) mod metrics;
pub(crate) mod spans;
