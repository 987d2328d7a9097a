//! HTTP: the parts that every listener has: request ids, metrics, HEAD, a reply for a panic, bounds on connections
//! and on bodies that nobody reads. The services wrap their apps in it; it calls the telemetry. Invariant: a silent
//! or slow client keeps no other client out.

pub mod bearer;
pub mod catch_panic;
pub mod drain_body;
pub mod head;
pub mod http_metrics;
pub mod one_request;
pub mod proxies;
pub mod reply_headers;
pub mod request_id;
pub mod silent_connections;
