//! Faults: what can go wrong, and the seeded plan by which it does. The scenarios call it; it acts on the harness and
//! its proxies. Invariant: whatever is injected is undone again.

pub(crate) mod cache;
pub mod clock_skew;
pub mod injection;
pub mod provider_faults;
pub mod schedule;
pub mod sessions;
pub mod token_race;
