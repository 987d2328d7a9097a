//! What surrounds the purpose of a service: reading settings, logs, the ops listener, shutdown,
//! loops and the middlewares every listener wants. Nothing here knows what the service is for.

pub mod bearer;
pub mod build_info;
pub mod catch_panic;
pub mod descriptors;
pub mod durations;
pub mod env;
pub mod head;
pub mod http_metrics;
pub mod leave;
pub mod one_request;
pub mod ops;
pub mod pace;
pub mod proxies;
pub mod reply_headers;
pub mod request_id;
pub mod shutdown;
pub mod silent_connections;
pub mod telemetry;
pub mod unread_body;
