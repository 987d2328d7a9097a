//! The ledger's errors, named for what the caller can do about them.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no such thing, or it is another merchant's.
    #[error("not found")]
    NotFound,
    /// Another change came first.
    #[error("conflicts with what is stored: {0}")]
    Conflict(String),
    /// The database is away, slow or not the primary: nothing may be acknowledged; try again.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// More work is queued than can be done in time: shed.
    #[error("too much is waiting for the database")]
    Overloaded,
    /// A rule of the ledger is broken: wake somebody.
    #[error("the ledger is inconsistent: {0}")]
    Corrupt(String),
}

impl LedgerError {
    /// Returns whether trying again later can help.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Overloaded)
    }

    pub(crate) fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

impl From<DieselError> for LedgerError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(kind, info) => from_database(&kind, info.message()),
            DieselError::BrokenTransactionManager | DieselError::RollbackTransaction => {
                Self::Unavailable("the transaction broke".to_owned())
            }
            other => Self::Corrupt(other.to_string()),
        }
    }
}

fn from_database(kind: &DatabaseErrorKind, message: &str) -> LedgerError {
    match kind {
        DatabaseErrorKind::UniqueViolation => LedgerError::Conflict(message.to_owned()),
        DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => LedgerError::Corrupt(message.to_owned()),
        // Closed connections, serialization failures, timeouts, shutdown, read-only: all of them
        // may pass; none of them may be acknowledged.
        _ => LedgerError::Unavailable(message.to_owned()),
    }
}
