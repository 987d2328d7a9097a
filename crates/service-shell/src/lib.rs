//! The parts of a service around its purpose: reading settings, logs, the ops listener, shutdown,
//! loops and the middlewares of every listener. Nothing here knows what the service is for.

pub mod configuration;
pub mod http;
pub mod process;
pub mod telemetry;

pub use configuration::{durations, env};
pub use http::{
    bearer, catch_panic, drain_body as unread_body, head, http_metrics, one_request, proxies,
    reply_headers, request_id, silent_connections,
};
pub use process::{build_info, descriptors, exit as leave, ops, pace, shutdown};
