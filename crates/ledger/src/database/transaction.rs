//! The beginning of a transaction: for whom it may see rows, and how long its statements may take.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use diesel::PgConnection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;

use crate::database::watchdog;
use crate::error::LedgerError;

/// The setting that names the merchant whose rows a session sees under row-level security; see the
/// migration that made it so.
pub(crate) const MERCHANT_SETTING: &str = "gateway.merchant";
pub(crate) const EVERY_MERCHANT: &str = "all";

/// The options of a transaction's beginning.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opening {
    /// The only merchant whose rows it sees; everybody's when `None`.
    pub(crate) merchant: Option<MerchantId>,
    /// The statement timeout, instead of the session's.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Opening {
    /// Returns the statements that begin it, as one message for the server.
    fn statement(self) -> String {
        let mut sql = "BEGIN".to_owned();
        if let Some(merchant) = self.merchant {
            // A uuid's digits need no quoting.
            let merchant = merchant.as_uuid().hyphenated();
            sql.push_str(&format!("; SET LOCAL {MERCHANT_SETTING} = '{merchant}'"));
        }
        if let Some(limit) = self.statement_timeout {
            let limit = limit.as_millis();
            sql.push_str(&format!("; SET LOCAL statement_timeout = {limit}"));
        }
        sql
    }
}

/// Runs `work` as diesel's own transaction does, with all that begins it in one message. A session
/// that was given up meanwhile commits nothing: its callers were told that they have to do it again.
pub(crate) fn in_transaction<T>(
    connection: &mut PgConnection,
    opening: Opening,
    work: impl FnOnce(&mut PgConnection) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    AnsiTransactionManager::begin_transaction_sql(connection, &opening.statement())?;
    let worked = work(connection).and_then(|done| {
        not_given_up()?;
        Ok(done)
    });
    match worked {
        Ok(done) => {
            AnsiTransactionManager::commit_transaction(connection)?;
            Ok(done)
        }
        Err(error) => match AnsiTransactionManager::rollback_transaction(connection) {
            // The pool gives a broken connection up; what broke it is what is told.
            Ok(()) | Err(Error::BrokenTransactionManager) => Err(error),
            Err(not_undone) => Err(not_undone.into()),
        },
    }
}

/// Fails when this session was given up and the work must not go on in it.
pub(crate) fn not_given_up() -> Result<(), LedgerError> {
    if watchdog::is_given_up() {
        return Err(LedgerError::Unavailable(
            "the session did not answer and was given up".to_owned(),
        ));
    }
    Ok(())
}
