//! The provider-facing service: receives callbacks, hands out tokens, and runs the loops behind them.

pub mod app;
mod body;
pub mod callback_path;
pub mod error;
mod explain;
pub mod gauges;
pub mod inbox;
pub mod loops;
pub mod metrics;
pub mod received_path;
mod replies;
pub mod routes;
pub mod snap_token;
pub mod verify;
