//! Admission: the limits on what is let in before it costs the database anything. Rate limits, shares of shops and
//! payers, the memory of API keys, the proof of checkout links, the watcher that waits for all. The wiring makes one of
//! each for the process, handlers ask for a slot. It calls `http` for refusals.
//! Invariant: everything here is bounded, and nobody takes the share of another.

pub mod callers;
pub mod checkout_links;
pub mod create_limiter;
pub mod order_watch;
pub mod rate_limit;
pub mod report_limiter;
pub mod share_refusal;
pub mod visits;
