//! The wishes in `NEIGHBOURS_*` variables: times, aggressors, and strictness.

use std::{env, time::Duration};

use devstack::Trouble;

use super::{
    aggressor::{Aggressor, Distance},
    verdict::Bounds,
    victim::Patience,
};
use crate::tools::options::above_zero;

/// Seconds of a row under the documented timings, long enough for a provider's deadline to run out.
const SECONDS: u64 = 40;
const SECONDS_SHORT: u64 = 6;
/// Number of orders that the storm of filtered lists goes through.
const ORDERS: u64 = 200_000;
/// Patience with the default plan, which asks 15 s after the QR was shown, and again after 15 s
/// more.
const PATIENCE: Patience = Patience {
    webhook: Duration::from_secs(10),
    healing: Duration::from_secs(45),
};
const PATIENCE_SHORT: Patience = Patience {
    healing: Duration::from_secs(12),
    ..PATIENCE
};
/// `LEASE_MS` of either form: work that a stuck session had taken is taken up again after it.
const LEASE: Duration = Duration::from_secs(30);
const LEASE_SHORT: Duration = Duration::from_secs(10);

/// Timings of the real plan in seconds, in the same order of size, so that the effects of a
/// provider's deadline show within a row.
const TIMINGS_SHORT: [(&str, &str); 4] = [
    ("PROVIDER_TIMEOUT_MS", "5000"),
    ("CREATE_REPLY_MS", "4000"),
    ("LEASE_MS", "10000"),
    (
        "INQUIRY_SCHEDULE",
        "2s,4s,6s,8s,10s,15s,20s,30s,45s,60s,90s,120s",
    ),
];

/// The wishes of whoever runs it.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The time that the shop lives beside each (`NEIGHBOURS_SECONDS`).
    pub(crate) lasts: Duration,
    /// Its aggressors, in turn (`NEIGHBOURS_ONLY`).
    pub(crate) aggressors: Vec<Aggressor>,
    /// Orders of the shop that lists with filters (`NEIGHBOURS_ORDERS`).
    pub(crate) orders: u64,
    /// The bounds of harm.
    pub(crate) bounds: Bounds,
    /// The time that the shop waits for what comes by itself.
    pub(crate) patience: Patience,
    /// The time for which work that a process has taken is left to it.
    pub(crate) lease: Duration,
    /// Settings of the services besides their defaults.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
}

impl Options {
    /// Reads the options. `NEIGHBOURS_SHORT` set to anything is a run of two minutes.
    ///
    /// # Errors
    /// Fails when one is no whole number above 0 or names nobody.
    pub(crate) fn of_environment() -> Result<Self, Trouble> {
        let text = |name| env::var(name).unwrap_or_default();
        let only = text("NEIGHBOURS_ONLY");
        let mut options = match text("NEIGHBOURS_SHORT").is_empty() {
            true => Self::long()?,
            false => Self::short()?,
        };
        if !only.is_empty() {
            options.aggressors = named(&only)?;
        }
        Ok(options)
    }

    fn long() -> Result<Self, Trouble> {
        Ok(Self {
            lasts: seconds(SECONDS)?,
            aggressors: Aggressor::ALL.to_vec(),
            orders: above_zero("NEIGHBOURS_ORDERS", ORDERS)?,
            bounds: Bounds::CONTRACT,
            patience: PATIENCE,
            lease: LEASE,
            settings: Vec::new(),
        })
    }

    fn short() -> Result<Self, Trouble> {
        let matters = |aggressor: &Aggressor| aggressor.is_in_the_short_form();
        Ok(Self {
            lasts: seconds(SECONDS_SHORT)?,
            aggressors: Aggressor::ALL.into_iter().filter(matters).collect(),
            bounds: Bounds::GENEROUS,
            patience: PATIENCE_SHORT,
            lease: LEASE_SHORT,
            settings: TIMINGS_SHORT.to_vec(),
            ..Self::long()?
        })
    }

    /// Returns the distances at which quiet must be measured.
    pub(crate) fn distances(&self) -> Vec<Distance> {
        let stands = |far: &Distance| self.aggressors.iter().any(|one| one.distance() == *far);
        [Distance::Near, Distance::Far]
            .into_iter()
            .filter(stands)
            .collect()
    }
}

fn seconds(default: u64) -> Result<Duration, Trouble> {
    above_zero("NEIGHBOURS_SECONDS", default).map(Duration::from_secs)
}

fn named(list: &str) -> Result<Vec<Aggressor>, Trouble> {
    let one = |name: &str| {
        let mut all = Aggressor::ALL.into_iter();
        all.find(|aggressor| aggressor.name() == name)
            .ok_or_else(|| {
                let known: Vec<&str> = Aggressor::ALL.iter().map(|one| one.name()).collect();
                let known = known.join(",");
                Trouble::new(format!(
                    "NEIGHBOURS_ONLY: nobody is called {name}; there are {known}"
                ))
            })
    };
    list.split(',').map(str::trim).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_found_by_name_and_nobody_else() {
        for aggressor in Aggressor::ALL {
            assert_eq!(named(aggressor.name()).unwrap(), [aggressor]);
        }
        let two = named("long-polls, stuck-writer").unwrap();
        assert_eq!(two, [Aggressor::LongPolls, Aggressor::StuckWriter]);
        assert!(named("long-polls,").is_err());
    }
}
