//! Monitoring: counters of the provider's edge, and gauges computed from the books when they are scraped, bounded at any
//! size. The wiring calls it. Invariant: labels are fixed words, never ids.

pub mod gauges;
pub mod metrics;
