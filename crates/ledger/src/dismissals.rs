//! Notifications that an operator has looked at and that shall wait no longer.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::tx::Tx;

impl Tx<'_> {
    /// Takes a notification out of quarantine. Why is kept beside its headers; if the provider sends it
    /// again, it is judged anew. `false` when nothing of this id waits there.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn dismiss_notification(&mut self, id: Uuid, reason: &str) -> Result<bool, LedgerError> {
        let changed = diesel::sql_query(
            "UPDATE notifications SET verdict = 'dismissed', rematch_due_at = NULL, \
                 headers = (headers::jsonb || jsonb_build_array(jsonb_build_array('dismissed', $2)))::text \
             WHERE id = $1 AND verdict IN ('unknown_reference', 'unreadable')",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(reason)
        .execute(self.connection()?)?;
        Ok(changed > 0)
    }
}
