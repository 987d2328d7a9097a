//! The reason why a command failed, in words for the person who has to do something about it.

use std::fmt;
use std::process::ExitCode;

use ledger::LedgerError;
use payment_flows::WiringError;
use settings::Problems;

use crate::terminal;

/// The failure of a command to do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// Creates a failure of a command that was understood and did not work.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 1,
        }
    }

    /// Returns the same, ending with that exit code.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Creates a failure of a command whose request makes no sense.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: 2,
        }
    }

    /// Prints it on stderr.
    pub(crate) fn print(&self) -> ExitCode {
        terminal::say(&format!("error: {}", self.text));
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::new(problems.to_string())
    }
}

impl From<WiringError> for Failure {
    fn from(error: WiringError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::new(explain(&error))
    }
}

fn explain(error: &LedgerError) -> String {
    let advice = match error {
        LedgerError::Unavailable(why) if why.contains("does not exist") => {
            "the schema is not there or too old: run `gatewayctl migrate`"
        }
        LedgerError::Unavailable(_) => {
            "check DATABASE_URL and that Postgres runs there; `gatewayctl doctor` tells more"
        }
        LedgerError::Corrupt(why) if why.contains("does not exist") => {
            "the schema is not there or too old: run `gatewayctl migrate`"
        }
        LedgerError::Corrupt(_) => "run `gatewayctl audit`",
        LedgerError::Overloaded => "try again",
        LedgerError::NotFound | LedgerError::Conflict(_) => return error.to_string(),
    };
    format!("{error}\n  {advice}")
}
