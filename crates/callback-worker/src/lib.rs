//! The provider-facing service: receives callbacks, hands out tokens, and runs the loops behind them.

pub mod app;
pub mod callbacks;
pub mod loops;
pub mod monitoring;

pub use callbacks::{callback_path, error, received_path, routes, snap_token, verify};
pub use monitoring::metrics;
