//! The harness: the system under measurement, the shop that asks, and the provider's time between.
//! Every benchmark calls it; it calls `devstack` and the tools. Invariant: programs as they are
//! shipped, on a durable Postgres.

pub(crate) mod ground;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod shop;
pub(crate) mod timing_proxy;
