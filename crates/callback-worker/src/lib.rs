//! The provider-facing service: receives callbacks, hands out tokens, and runs the loops behind them.

pub mod app;
pub mod callbacks;
pub mod gauges;
pub mod loops;

pub use callbacks::{callback_path, error, metrics, received_path, routes, snap_token, verify};
