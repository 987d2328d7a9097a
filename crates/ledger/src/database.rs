//! The database: sessions, the pool and its admission, transactions, statements, the tables as diesel sees them,
//! and the watchdog over all of it. Every other room builds on this one; it calls the server and none of them.
//! Invariant: nobody waits for the server without a deadline.

pub(crate) mod address;
pub(crate) mod admission;
pub(crate) mod context;
pub(crate) mod pool;
pub(crate) mod pool_metrics;
pub(crate) mod schema;
pub(crate) mod session;
pub(crate) mod session_count;
pub(crate) mod spans;
pub(crate) mod statement;
pub(crate) mod transaction;
pub(crate) mod urgency;
pub(crate) mod watchdog;
