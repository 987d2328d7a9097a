//! Rows of the inbox: callbacks as they are kept and, when they come again, counted.

use std::sync::Arc;

use ayolinx_core::messages::notification::Notification;
use ayolinx_core::reading::Channelled;
use chrono::NaiveDate;
use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use tracing::Span;
use uuid::Uuid;

use crate::database::statement::Statement;

/// Interval at which the match of an unmatched callback is tried again.
pub(crate) const REMATCH_EVERY_SECONDS: i64 = 60;
/// Age up to which the match is tried again (contract 5).
pub(crate) const REMATCH_FOR_HOURS: i64 = 72;

/// The text in the place of an erased callback's body.
pub(crate) const ERASED_BODY: &[u8] = br#"{"erased":true}"#;

/// A callback made ready for the inbox outside the transaction: read and sealed.
pub(crate) struct Arrived {
    pub(crate) id: Uuid,
    pub(crate) path: &'static str,
    pub(crate) matched_route: &'static str,
    pub(crate) body_digest: [u8; 32],
    pub(crate) body_sealed: Vec<u8>,
    pub(crate) headers: String,
    pub(crate) channelled: Channelled,
    pub(crate) notification: Option<Notification>,
    /// The span under which it came.
    pub(crate) span: Span,
}

/// A row of the inbox to be written.
pub(crate) struct NewNotification {
    /// Month of the row of an earlier arrival; the running month when `None`.
    pub(crate) month: Option<NaiveDate>,
    pub(crate) arrived: Arc<Arrived>,
    pub(crate) verdict: &'static str,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) waits: bool,
}

/// A row of the inbox that is to be counted up; without a month, one of the running month.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) id: Uuid,
    pub(crate) month: Option<NaiveDate>,
}

impl Seen {
    /// Returns whether its row is one of these, to be written at the same time.
    pub(crate) fn is_among(&self, rows: &[NewNotification]) -> bool {
        rows.iter().any(|row| row.arrived.id == self.id)
    }
}

/// Saves rows. One that came meanwhile by another way is counted up, and judged unless it was
/// settled.
pub(crate) fn save_all(rows: &[NewNotification]) -> Statement {
    Statement::new(
        "INSERT INTO notifications AS known \
             (id, path, body_digest, body_sealed, headers, matched_route, verdict, payment_id, \
              rematch_due_at, month) \
         SELECT id, path, body_digest, body_sealed, headers, matched_route, verdict, payment_id, \
             CASE WHEN waits THEN now() + make_interval(secs => ?::bigint) END, \
             coalesce(month, date_trunc('month', now() AT TIME ZONE 'UTC')::date) \
         FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS new (id, path, body_digest, body_sealed, \
             headers, matched_route, verdict, payment_id, waits, month) \
         ORDER BY path, body_digest \
         ON CONFLICT (path, body_digest, month) DO UPDATE \
             SET seen = known.seen + 1, last_seen_at = now(), \
                 verdict = CASE WHEN known.verdict IN ('applied', 'no_change') \
                     THEN known.verdict ELSE excluded.verdict END, \
                 payment_id = coalesce(excluded.payment_id, known.payment_id), \
                 rematch_due_at = CASE \
                     WHEN known.received_at >= now() - make_interval(hours => ?::integer) \
                     THEN excluded.rematch_due_at END",
    )
    .bind::<BigInt, _>(REMATCH_EVERY_SECONDS)
    .column::<SqlUuid, _>(rows.iter().map(|row| row.arrived.id))
    .column::<Text, _>(rows.iter().map(|row| row.arrived.path))
    .column::<Binary, _>(rows.iter().map(|row| row.arrived.body_digest.to_vec()))
    .column::<Binary, _>(rows.iter().map(|row| row.arrived.body_sealed.clone()))
    .column::<Text, _>(rows.iter().map(|row| row.arrived.headers.clone()))
    .column::<Text, _>(rows.iter().map(|row| row.arrived.matched_route))
    .column::<Text, _>(rows.iter().map(|row| row.verdict))
    .column::<Nullable<SqlUuid>, _>(rows.iter().map(|row| row.payment_id))
    .column::<Bool, _>(rows.iter().map(|row| row.waits))
    .column::<Nullable<Date>, _>(rows.iter().map(|row| row.month))
    .bind::<BigInt, _>(REMATCH_FOR_HOURS)
}

/// Counts duplicates of settled callbacks, so that they too are acknowledged by a write (T8).
pub(crate) fn count_again(seen: &[Seen]) -> Statement {
    Statement::new(
        "UPDATE notifications SET seen = seen + again.times, last_seen_at = now() \
         FROM (SELECT id, coalesce(month, date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS month, \
                   count(*)::integer AS times \
               FROM unnest(?, ?) AS seen (id, month) GROUP BY 1, 2) AS again \
         WHERE notifications.id = again.id AND notifications.month = again.month",
    )
    .column::<SqlUuid, _>(seen.iter().map(|one| one.id))
    .column::<Nullable<Date>, _>(seen.iter().map(|one| one.month))
}
