//! Group commit: one writer carries the changes of many callers in one transaction. `ledger` queues creates,
//! outcomes of calls, callbacks and delivery results here; the writer calls `orders`, `payments`, `callbacks` and
//! `webhooks` with a set of each. Invariant: nobody fails for another; what would hold the others up is done alone.

pub(crate) mod group;
pub(crate) mod unclaimed_call;
pub(crate) mod writer;
pub(crate) mod writer_queue;
