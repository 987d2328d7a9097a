//! The provider-facing service: receives callbacks, hands out tokens, and runs the loops behind them.

mod body;
pub mod callback_path;
pub mod error;
pub mod metrics;
mod replies;
pub mod routes;
pub mod snap_token;
pub mod verify;
