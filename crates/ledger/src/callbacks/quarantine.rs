//! Verified callbacks that could not be matched: listed, matched again, or dismissed by a person who looked
//! at them. The console and `gatewayctl` do each of it here.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::{Tx, shifted};

/// The longest reason of a dismissal, in characters.
pub const DISMISSAL_REASON_CHARS_MAX: usize = 500;

/// A callback that waits in quarantine.
#[derive(Debug, Clone, QueryableByName)]
pub struct QuarantineLine {
    /// Identity.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The path that it came to.
    #[diesel(sql_type = Text)]
    pub path: String,
    /// The reason why it waits: `unknown_reference` or `unreadable`.
    #[diesel(sql_type = Text)]
    pub verdict: String,
    /// Number of times it came.
    #[diesel(sql_type = Integer)]
    pub seen: i32,
    /// Time of its first arrival.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
}

/// The person who looked at a callback and the reason why it shall wait no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// The operator of the console; `None` for whoever runs `gatewayctl`.
    pub operator: Option<Uuid>,
    /// The reason, at most [`DISMISSAL_REASON_CHARS_MAX`]; the console lets it be left out.
    pub reason: Option<String>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Tx<'_> {
    /// Returns the callbacks in quarantine, newest first, from after a place in that list on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn quarantine(
        &mut self,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<QuarantineLine>, LedgerError> {
        let ahead = shifted(self.now()?, TimeDelta::days(1));
        let (at, id) = after.unwrap_or((ahead, Uuid::max()));
        Ok(Statement::new(
            "SELECT id, path, verdict, seen, received_at FROM notifications \
             WHERE verdict IN ('unknown_reference', 'unreadable') \
               AND received_at <= ? AND (received_at, id) < (?, ?) \
             ORDER BY received_at DESC, id DESC LIMIT ?",
        )
        .bind::<Timestamptz, _>(at)
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(limit)
        .load(self.connection()?)?)
    }

    /// Counts the callbacks in quarantine, up to `most`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn quarantine_depth(&mut self, most: i64) -> Result<i64, LedgerError> {
        let counted: Counted = Statement::new(
            "SELECT count(*) AS count FROM (SELECT FROM notifications \
                 WHERE verdict IN ('unknown_reference', 'unreadable') LIMIT ?) waiting",
        )
        .bind::<BigInt, _>(most)
        .get_result(self.connection()?)?;
        Ok(counted.count)
    }

    /// Has callbacks of unknown reference matched again now: one of them, or all. Returns their number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn retry_quarantine(&mut self, only: Option<Uuid>) -> Result<usize, LedgerError> {
        let due = "UPDATE notifications SET rematch_due_at = now() - interval '1 second' \
                   WHERE verdict IN ('unknown_reference', 'unreadable') \
                     AND verdict = 'unknown_reference'";
        let one = "UPDATE notifications SET rematch_due_at = now() - interval '1 second' \
                   WHERE id = ? AND verdict = 'unknown_reference'";
        let statement = match only {
            None => Statement::new(due),
            Some(id) => Statement::new(one).bind::<SqlUuid, _>(id),
        };
        Ok(statement.execute(self.connection()?)?)
    }

    /// Takes a callback out of quarantine; it stays stored as it came. If the provider sends it again, it is
    /// judged anew. `false` when nothing of this id waits there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn dismiss_quarantined(
        &mut self,
        id: Uuid,
        dismissal: &Dismissal,
    ) -> Result<bool, LedgerError> {
        let changed = Statement::new(
            "UPDATE notifications SET verdict = 'dismissed', rematch_due_at = NULL, \
                 dismissed_at = now(), dismissed_reason = ?, \
                 dismissed_by = coalesce((SELECT email FROM operators WHERE operators.id = ?), 'gatewayctl') \
             WHERE id = ? AND verdict IN ('unknown_reference', 'unreadable')",
        )
        .bind::<Nullable<Text>, _>(dismissal.reason.clone())
        .bind::<Nullable<SqlUuid>, _>(dismissal.operator)
        .bind::<SqlUuid, _>(id)
        .execute(self.connection()?)?;
        Ok(changed > 0)
    }
}
