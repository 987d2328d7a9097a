//! Two secrets of ours while one rotates: one is chosen to sign with, and the one that the provider
//! took last is remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ayolinx_core::signing::ClientSecret;

/// One of two secrets of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that we change to.
    Current,
    /// The one that we change from.
    Previous,
}

impl Which {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// The client secret, while it rotates with the one before it: the provider changes from one to the
/// other at a moment that is its own. Clones remember together which was accepted last.
#[derive(Clone)]
pub struct SecretPair {
    current: ClientSecret,
    previous: Option<ClientSecret>,
    previous_is_accepted: Arc<AtomicBool>,
}

impl SecretPair {
    /// Creates the pair of a secret and the one before it.
    #[must_use]
    pub fn new(current: ClientSecret, previous: Option<ClientSecret>) -> Self {
        Self {
            current,
            previous,
            previous_is_accepted: Arc::default(),
        }
    }

    /// Returns the one to sign with: the one that was accepted last.
    #[must_use]
    pub fn first(&self) -> Which {
        if self.previous_is_accepted.load(Ordering::Relaxed) {
            Which::Previous
        } else {
            Which::Current
        }
    }

    /// Returns the one to sign with when `which` was refused.
    pub(crate) fn other_than(&self, which: Which) -> Option<Which> {
        self.previous.as_ref().map(|_| match which {
            Which::Current => Which::Previous,
            Which::Previous => Which::Current,
        })
    }

    pub(crate) fn get(&self, which: Which) -> &ClientSecret {
        match (which, &self.previous) {
            (Which::Previous, Some(previous)) => previous,
            _ => &self.current,
        }
    }

    pub(crate) fn accepted(&self, which: Which) {
        let is_previous = which == Which::Previous;
        self.previous_is_accepted
            .store(is_previous, Ordering::Relaxed);
    }
}

impl From<ClientSecret> for SecretPair {
    fn from(current: ClientSecret) -> Self {
        Self::new(current, None)
    }
}
