//! Durations and sizes of a run, from the `BENCH_*` variables.

use chaos::program::number;
use devstack::Trouble;

/// The wishes of whoever runs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Time for which whole lives are lived (`BENCH_SECONDS`).
    pub(crate) seconds: u64,
    /// Number of callbacks of one round of one way (`BENCH_CALLBACKS`).
    pub(crate) callbacks: u64,
    /// Number of rounds of each way, in turn (`BENCH_ROUNDS`).
    pub(crate) rounds: u64,
    /// Number of concurrent lives (`BENCH_LIVES_AT_ONCE`).
    pub(crate) lives_at_once: u64,
    /// Length of the rounds at a steady rate (`BENCH_STEADY_SECONDS`).
    pub(crate) steady_seconds: u64,
    /// Number of items that are made due at once for a loop (`BENCH_DUE`).
    pub(crate) due: u64,
    /// Number of orders of the large ledger (`BENCH_ORDERS`).
    pub(crate) orders: u64,
}

impl Options {
    /// Reads the options.
    ///
    /// # Errors
    /// Fails when one is no whole number above 0.
    pub(crate) fn of_environment() -> Result<Self, Trouble> {
        Ok(Self {
            seconds: above_zero("BENCH_SECONDS", 180)?,
            callbacks: above_zero("BENCH_CALLBACKS", 20_000)?,
            rounds: above_zero("BENCH_ROUNDS", 3)?,
            lives_at_once: above_zero("BENCH_LIVES_AT_ONCE", 192)?,
            steady_seconds: above_zero("BENCH_STEADY_SECONDS", 20)?,
            due: above_zero("BENCH_DUE", 1_000)?,
            orders: above_zero("BENCH_ORDERS", 10_000_000)?,
        })
    }
}

/// Reads the whole number above 0 in a variable.
///
/// # Errors
/// Fails when it is something else.
pub(crate) fn above_zero(name: &str, default: u64) -> Result<u64, Trouble> {
    match number(name)? {
        Some(0) => Err(Trouble::new(format!("{name} must be above 0"))),
        wanted => Ok(wanted.unwrap_or(default)),
    }
}
