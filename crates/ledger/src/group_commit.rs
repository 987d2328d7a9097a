//! Group commit: one writer carries the changes of many callers in one transaction. Creates, outcomes of calls,
//! callbacks and delivery results come through it. Invariant: nobody fails for another.

pub(crate) mod group;
pub(crate) mod unclaimed_call;
pub(crate) mod writer;
pub(crate) mod writer_queue;
