//! How long and how much: what `BENCH_*` variables say.

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
    /// When one is no number.
    pub(crate) fn of_environment() -> Result<Self, Trouble> {
        Ok(Self {
            seconds: number("BENCH_SECONDS", 180)?,
            callbacks: number("BENCH_CALLBACKS", 20_000)?,
            rounds: number("BENCH_ROUNDS", 3)?,
            lives_at_once: number("BENCH_LIVES_AT_ONCE", 64)?,
            steady_seconds: number("BENCH_STEADY_SECONDS", 20)?,
            due: number("BENCH_DUE", 1_000)?,
            orders: number("BENCH_ORDERS", 10_000_000)?,
        })
    }
}

fn number(name: &str, default: u64) -> Result<u64, Trouble> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => text
            .parse::<u64>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| Trouble::new(format!("{name} must be a whole number above 0"))),
        _ => Ok(default),
    }
}
