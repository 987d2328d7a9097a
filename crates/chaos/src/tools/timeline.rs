//! Times of the last successes, for recovery times: every party notes its successes here.

use std::sync::{Arc, Mutex, PoisonError};

/// The kind of a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A create answered 201.
    Create,
    /// A callback answered with success.
    Callback,
    /// A webhook answered 200.
    Webhook,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Create, Self::Callback, Self::Webhook];

    /// Returns its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Callback => "callback",
            Self::Webhook => "webhook",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Success {
    kind: Kind,
    began_ms: u64,
    ended_ms: u64,
}

/// Successes of the whole run; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Timeline(Arc<Mutex<Vec<Success>>>);

impl Timeline {
    /// Notes a success that began at `began_ms` and ends now.
    pub fn success(&self, kind: Kind, began_ms: u64) {
        let ended_ms = crate::tools::clock::now_ms();
        let mut successes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        successes.push(Success {
            kind,
            began_ms,
            ended_ms,
        });
    }

    /// Returns how long after `healed_ms` the first success ended that began after it.
    #[must_use]
    pub fn first_after(&self, kind: Kind, healed_ms: u64) -> Option<u64> {
        let successes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        successes
            .iter()
            .rev()
            .take_while(|success| success.ended_ms >= healed_ms)
            .filter(|success| success.kind == kind && success.began_ms >= healed_ms)
            .map(|success| success.ended_ms.saturating_sub(healed_ms))
            .min()
    }
}
