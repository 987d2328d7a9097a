//! Monitoring: the ledger's figures for metrics: queues, webhooks that wait, and money. The worker calls it, once
//! for each scrape; it reads the tables, those of deliveries by the statements of `webhooks`. Invariant: a read
//! costs the same however many orders there are.

pub(crate) mod gauges;
pub(crate) mod queue_depth;
pub(crate) mod webhook_backlog;
