//! Webhooks: the outbox, endpoints, the queue of deliveries, the feed, redelivery, and what is kept for a time only.

mod backlog;
pub(crate) mod endpoints;
mod event_feed;
mod outbox;
mod pruning;
mod redelivery;
pub(crate) mod scan_cursors;
