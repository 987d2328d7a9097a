//! Callbacks as they were stored, for whoever looks at what the provider really sends (`gatewayctl live-check`).

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::notifications;
use crate::error::LedgerError;
use crate::rows::seals::body_context;
use crate::tx::Tx;

/// A verified callback.
#[derive(Debug, Clone)]
pub struct StoredCallback {
    /// Identity.
    pub id: Uuid,
    /// The path that it came to.
    pub path: String,
    /// All headers but `Authorization`: a JSON list of pairs.
    pub headers: String,
    /// The bytes as received.
    pub body: Vec<u8>,
    /// Number of times it came.
    pub seen: i32,
}

impl Tx<'_> {
    /// Returns at most `limit` verified callbacks that came at or after `since`, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn callbacks_since(
        &mut self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<StoredCallback>, LedgerError> {
        type Row = (Uuid, String, String, Vec<u8>, i32);
        let rows: Vec<Row> = notifications::table
            .filter(notifications::month.ge(first_of_month(since)))
            .filter(notifications::received_at.ge(since))
            .select((
                notifications::id,
                notifications::path,
                notifications::headers,
                notifications::body_sealed,
                notifications::seen,
            ))
            .order(notifications::received_at.desc())
            .limit(limit)
            .load(self.connection()?)?;
        rows.into_iter()
            .map(|(id, path, headers, sealed, seen)| {
                Ok(StoredCallback {
                    id,
                    path,
                    headers,
                    body: self.context.open(&sealed, &body_context(id))?,
                    seen,
                })
            })
            .collect()
    }
}

/// Returns the first day of a time's month; older months' tables need not be looked at.
fn first_of_month(time: DateTime<Utc>) -> NaiveDate {
    let day = time.date_naive();
    day.with_day(1).unwrap_or(day)
}
