//! Monitoring: what the metrics tell of the books. Read by the worker once for each scrape; bounded at any size.

pub(crate) mod gauges;
pub(crate) mod queue_depth;
pub(crate) mod webhook_backlog;
