//! The merchant's side: REST, checkout pages and their documents. Decides nothing about money itself.

pub mod body;
pub mod error;
pub mod idempotency;
pub mod json;
pub mod params;
