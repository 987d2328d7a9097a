//! Repairs after a restore from a backup, when the world is ahead of the database: numbers were handed
//! out, money was paid. Whatever can be made right without a person is done here.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::error::LedgerError;
use crate::tx::Tx;

/// The repairs after a restore, and what is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct AfterRestore {
    /// The last number of a virtual account that this database knows to be handed out.
    #[diesel(sql_type = BigInt)]
    pub known_number: i64,
    /// The number after which the next one comes.
    #[diesel(sql_type = BigInt)]
    pub skipped_to: i64,
    /// Number of payments that are asked about now rather than when they would be due.
    #[diesel(sql_type = BigInt)]
    pub inquiries: i64,
    /// Number of open payment links: the provider cannot be asked about them.
    #[diesel(sql_type = BigInt)]
    pub links: i64,
    /// `true` when events are of transactions that this server has not reached: the feed hides them.
    #[diesel(sql_type = Bool)]
    pub is_feed_ahead: bool,
}

impl Tx<'_> {
    /// Skips `skip` numbers of virtual accounts, more than can have been handed out since the moment
    /// that was restored, and has every payment that may have been paid asked about at once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn after_restore(&mut self, skip: i64) -> Result<AfterRestore, LedgerError> {
        Ok(diesel::sql_query(
            "WITH skipped AS MATERIALIZED (SELECT known, skipped_to FROM skip_account_numbers($1)), \
             hurried AS (UPDATE provider_work SET due_at = now() \
                 WHERE kind IN ('inquire', 'resolve') AND due_at > now() RETURNING payment_id) \
             SELECT (SELECT known FROM skipped) AS known_number, \
                 (SELECT skipped_to FROM skipped) AS skipped_to, \
                 (SELECT count(*) FROM hurried) AS inquiries, \
                 (SELECT count(*) FROM payments WHERE method = 'payment_link' \
                      AND state IN ('creating', 'unknown', 'pending')) AS links, \
                 EXISTS (SELECT FROM events WHERE transaction > pg_current_xact_id()) AS is_feed_ahead",
        )
        .bind::<BigInt, _>(skip)
        .get_result(self.connection()?)?)
    }
}
