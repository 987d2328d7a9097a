//! Callbacks in quarantine, one by one: listed, matched again, or left alone for good.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::{EyeLine, ListPage, READ, timed};
use crate::error::LedgerError;
use crate::statement::Statement;
use crate::tx::{Tx, shifted};

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = Text)]
    verdict: String,
    #[diesel(sql_type = Integer)]
    seen: i32,
    #[diesel(sql_type = Timestamptz)]
    received_at: DateTime<Utc>,
}

impl Tx<'_> {
    pub(super) fn quarantined(
        &mut self,
        before: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let now = self.now()?;
        let (at, id) = before.unwrap_or((shifted(now, TimeDelta::days(1)), Uuid::max()));
        let found: Vec<Waiting> = Statement::new(
            "SELECT id, path, verdict, seen, received_at FROM notifications \
             WHERE verdict IN ('unknown_reference', 'unreadable') \
               AND received_at <= ? AND (received_at, id) < (?, ?) \
             ORDER BY received_at DESC, id DESC LIMIT ?",
        )
        .bind::<Timestamptz, _>(at)
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        let page = ListPage::of(found, |row| timed(row.received_at, row.id));
        Ok(ListPage {
            rows: page.rows.into_iter().map(line).collect(),
            next: page.next,
        })
    }

    /// Has a callback of unknown reference matched again now.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when it does not wait for that.
    pub fn retry_quarantined(&mut self, id: Uuid) -> Result<(), LedgerError> {
        let changed = Statement::new(
            "UPDATE notifications SET rematch_due_at = now() - interval '1 second' \
             WHERE id = ? AND verdict = 'unknown_reference'",
        )
        .bind::<SqlUuid, _>(id)
        .execute(self.connection()?)?;
        there(changed)
    }

    /// Leaves a callback alone for good; it stays stored.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when it does not wait in quarantine.
    pub fn dismiss_quarantined(&mut self, id: Uuid) -> Result<(), LedgerError> {
        let changed = Statement::new(
            "UPDATE notifications SET verdict = 'dismissed', rematch_due_at = NULL \
             WHERE id = ? AND verdict IN ('unknown_reference', 'unreadable')",
        )
        .bind::<SqlUuid, _>(id)
        .execute(self.connection()?)?;
        there(changed)
    }
}

const fn there(changed: usize) -> Result<(), LedgerError> {
    if changed == 0 {
        return Err(LedgerError::NotFound);
    }
    Ok(())
}

fn line(row: Waiting) -> EyeLine {
    EyeLine {
        key: Some(row.id),
        order: None,
        reference: None,
        shop: None,
        what: row.verdict,
        detail: format!("{}, came {}x", row.path, row.seen),
        amount: None,
        since: row.received_at,
    }
}
