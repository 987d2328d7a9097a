//! Webhooks: events (`outbox`), the endpoints that want them (`endpoints`), the queue of deliveries and their
//! results, sending again, and the feed that shops pull. `payments` and `orders` write events, the worker delivers,
//! the API reads; it calls `journal` and `privacy` for what an event shows. Invariant: an event is written with
//! what caused it, and sent at least once.

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
