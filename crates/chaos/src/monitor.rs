//! The monitor: what looks at the database while a run goes on, past every proxy. The harness starts it, the checker
//! reads what it wrote down. Invariant: it changes no row of the product; what it writes stands in tables of its own.

pub(crate) mod continuous_checks;
pub mod lease_log;
pub mod watcher;
