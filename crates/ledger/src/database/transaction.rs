//! How a transaction begins: for whom it may see rows, and how long its statements may take.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use diesel::PgConnection;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;

use crate::database::watchdog;
use crate::error::LedgerError;

/// Whose rows a session sees where row-level security holds; see the migration that made it so.
pub(crate) const MERCHANT_SETTING: &str = "gateway.merchant";
pub(crate) const EVERY_MERCHANT: &str = "all";

/// How a transaction begins.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Opening {
    /// Only this one's rows are there; unsaid, everybody's.
    pub(crate) merchant: Option<MerchantId>,
    /// Instead of the session's.
    pub(crate) statement_timeout: Option<Duration>,
}

impl Opening {
    /// One message for the server.
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

/// As diesel's own, with all that is said at the beginning in one message. A session that was given up
/// meanwhile commits nothing: its callers were told that they have to do it again.
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

/// Tells whether the work may go on in this session.
pub(crate) fn not_given_up() -> Result<(), LedgerError> {
    if watchdog::is_given_up() {
        return Err(LedgerError::Unavailable(
            "the session did not answer and was given up".to_owned(),
        ));
    }
    Ok(())
}
