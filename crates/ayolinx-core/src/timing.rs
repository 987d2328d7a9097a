//! Timing: the times at which the provider is asked again, a create is sent again, and a payment ends. The ledger and
//! the flows call it; it calls `provider` for the spelling of times. Invariant: pure functions of what happened when,
//! so that any replica computes the same.

pub mod expiry;
pub mod resend;
pub mod schedule;
