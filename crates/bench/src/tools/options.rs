//! How long and how much: what `BENCH_*` variables say.

use chaos::program::number;
use devstack::Trouble;

/// The wishes of whoever runs it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whole lives are lived for so long (`BENCH_SECONDS`).
    pub(crate) seconds: u64,
    /// Callbacks of one round of one way (`BENCH_CALLBACKS`).
    pub(crate) callbacks: u64,
    /// Each way is measured so often, in turn (`BENCH_ROUNDS`).
    pub(crate) rounds: u64,
    /// Lives under way at once (`BENCH_LIVES_AT_ONCE`).
    pub(crate) lives_at_once: u64,
    /// Rounds at a steady rate last so long (`BENCH_STEADY_SECONDS`).
    pub(crate) steady_seconds: u64,
    /// Items that are made due at once for a loop (`BENCH_DUE`).
    pub(crate) due: u64,
    /// Orders of the large ledger (`BENCH_ORDERS`).
    pub(crate) orders: u64,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// When one is no whole number above 0.
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

/// The whole number above 0 in a variable.
///
/// # Errors
/// When it is something else.
pub(crate) fn above_zero(name: &str, default: u64) -> Result<u64, Trouble> {
    match number(name)? {
        Some(0) => Err(Trouble::new(format!("{name} must be above 0"))),
        wanted => Ok(wanted.unwrap_or(default)),
    }
}
