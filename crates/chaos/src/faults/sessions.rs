//! Sessions of our services with the database, by the server processes behind them.

use devstack::{Trouble, run_sql};

/// A choice of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// The sessions that write batches, of every replica.
    Writers,
    /// Every second session of the others.
    HalfOfThePools,
}

impl std::fmt::Display for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Writers => "writers' sessions",
            Self::HalfOfThePools => "half the sessions",
        })
    }
}

impl Sessions {
    /// Returns the ids of the server processes that serve them now.
    pub(crate) fn backends(self, database_url: &str) -> Result<Vec<u32>, Trouble> {
        let (name, every) = match self {
            Self::Writers => ("ayolinx-gateway-writer", 1),
            Self::HalfOfThePools => ("ayolinx-gateway", 2),
        };
        let found = run_sql(
            database_url,
            &format!(
                "SELECT pid FROM pg_stat_activity WHERE application_name = '{name}' ORDER BY pid"
            ),
        )?;
        let pids = found.lines().filter_map(|line| line.trim().parse().ok());
        Ok(pids.step_by(every).collect())
    }
}
