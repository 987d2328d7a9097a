//! The one error of this crate: a sentence for the person at the terminal.

use std::fmt;

/// A sentence that names what could not be brought up, why, and where it helps, what to do about
/// it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(String);

impl Trouble {
    /// Creates a trouble from a sentence that says it all.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// Returns whether a port was somebody else's: the program that could not have it reports that.
    pub(crate) fn is_about_a_taken_port(&self) -> bool {
        self.0.contains("Address already in use")
    }
}

/// A way to add to a failure what was being attempted.
pub(crate) trait Attempting<T> {
    /// Turns the error into "could not {attempt}: {error}".
    fn attempting(self, attempt: impl fmt::Display) -> Result<T, Trouble>;
}

impl<T, E: fmt::Display> Attempting<T> for Result<T, E> {
    fn attempting(self, attempt: impl fmt::Display) -> Result<T, Trouble> {
        self.map_err(|error| Trouble(format!("could not {attempt}: {error}")))
    }
}
