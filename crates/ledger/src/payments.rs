//! Payments: an observation is applied, the core decides, and the transition is written with its work, journal and events
//! (`apply`). Everything that changes a payment goes through here. Invariant: one writer, under the order's lock.

pub(crate) mod apply;
pub(crate) mod close_others;
pub(crate) mod create_call;
pub(crate) mod create_result;
pub(crate) mod observation;
pub(crate) mod prefetch;
pub(crate) mod read;
pub(crate) mod replacements;
pub(crate) mod reviews;
pub(crate) mod schedule;
pub(crate) mod transition;
