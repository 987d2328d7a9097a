//! Webhooks: the outbox, who wants to be told, the queue of deliveries, and the feed that shops pull. The worker and the
//! API call it. Invariant: an event is written with what caused it, and told at least once.

pub(crate) mod delivery_queue;
pub(crate) mod delivery_results;
pub(crate) mod endpoints;
pub(crate) mod event_feed;
pub(crate) mod failing_endpoints;
pub(crate) mod outbox;
pub(crate) mod pruning;
pub(crate) mod redelivery;
pub(crate) mod scan_cursors;
pub(crate) mod waiting_endpoints;
