//! The repeated match of callbacks that could not be matched, as long as what they name may still
//! come.

use std::collections::HashSet;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::reading::Channelled;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::callbacks::inbox::Received;
use crate::database::schema::{notifications, orders, payments};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::notifications::{REMATCH_EVERY_SECONDS, REMATCH_FOR_HOURS};
use crate::rows::seals::body_context;
use crate::tx::Tx;

/// The outcome of matching again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rematched {
    /// Number of notifications that were looked at; each is matched, given up, or looked at again
    /// later.
    pub looked_at: usize,
    /// Number of those that were matched.
    pub placed: usize,
}

/// A notification that is due.
struct Unmatched {
    /// Its id and month.
    row: (Uuid, NaiveDate),
    /// The callback's report and the payment it names, or the reason why it cannot be read.
    read: Result<(Option<Notification>, Option<Uuid>), String>,
}

impl Unmatched {
    fn payment(&self) -> Option<Uuid> {
        self.read.as_ref().ok().and_then(|(_, payment)| *payment)
    }
}

impl Tx<'_> {
    /// Tries to match up to `limit` unmatched notifications again. Like a callback that is received it
    /// locks orders before rows of the inbox; what another transaction holds is left for later.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn rematch(&mut self, limit: i64) -> Result<Rematched, LedgerError> {
        let waiting = self.waiting_matches(limit)?;
        let matched = waiting.iter().filter_map(|one| one.payment());
        let held = self.hold_orders(matched.collect())?;
        let free = waiting.into_iter().filter(|one| {
            let payment = one.payment();
            payment.is_none_or(|payment| held.contains(&payment))
        });
        let free: Vec<Unmatched> = free.collect();
        let rows = self.hold_unmatched(&free)?;
        let mut done = Rematched::default();
        for one in free.iter().filter(|one| rows.contains(&one.row.0)) {
            done.looked_at = done.looked_at.saturating_add(1);
            // Its window has passed by now, but it was fresh when it came: what it says still
            // counts as said, and the ledger's facts are idempotent.
            let tried = match &one.read {
                Ok((notification, payment)) => self.nested(|tx| {
                    let how = (Channelled::Callback, false);
                    let received = tx.place(notification.as_ref(), *payment, how)?;
                    tx.judge(one.row, received, *payment)?;
                    Ok(received)
                }),
                Err(error) => Err(LedgerError::corrupt(error)),
            };
            match tried {
                Ok(Received::UnknownReference | Received::Unreadable) => {}
                Ok(_) => done.placed = done.placed.saturating_add(1),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    tracing::error!(notification.id = %one.row.0, error = %error, "cannot be placed");
                    self.judge(one.row, Received::UnknownReference, None)?;
                }
            }
        }
        Ok(done)
    }

    /// Returns the notifications that are due, read once more. Nothing is locked.
    fn waiting_matches(&mut self, limit: i64) -> Result<Vec<Unmatched>, LedgerError> {
        let now = self.now()?;
        let due: Vec<(Uuid, NaiveDate, Vec<u8>)> = notifications::table
            .filter(notifications::rematch_due_at.le(now))
            .select((
                notifications::id,
                notifications::month,
                notifications::body_sealed,
            ))
            .order(notifications::rematch_due_at)
            .limit(limit)
            .load(self.connection()?)?;
        let mut waiting = Vec::with_capacity(due.len());
        for (id, month, sealed) in due {
            let read = self.nested(|tx| {
                let body = tx.context.open(&sealed, &body_context(id))?;
                let notification = Notification::parse(&body).ok();
                let payment = match &notification {
                    Some(notification) => tx.match_payment(notification)?,
                    None => None,
                };
                Ok((notification, payment))
            });
            let read = match read {
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => Err(error.to_string()),
                Ok(read) => Ok(read),
            };
            let row = (id, month);
            waiting.push(Unmatched { row, read });
        }
        Ok(waiting)
    }

    /// Locks the orders of payments, all at once and in the order in which everybody does. Returns the
    /// payments whose orders nobody else holds.
    fn hold_orders(&mut self, payments: Vec<Uuid>) -> Result<HashSet<Uuid>, LedgerError> {
        if payments.is_empty() {
            return Ok(HashSet::new());
        }
        let of_order: Vec<(Uuid, Uuid)> = payments::table
            .filter(payments::id.eq_any(payments))
            .select((payments::id, payments::order_id))
            .load(self.connection()?)?;
        let held: Vec<Uuid> = orders::table
            .filter(orders::id.eq_any(of_order.iter().map(|(_, order)| *order)))
            .select(orders::id)
            .order(orders::id)
            .for_no_key_update()
            .skip_locked()
            .load(self.connection()?)?;
        let held = of_order.iter().filter(|(_, order)| held.contains(order));
        Ok(held.map(|(payment, _)| *payment).collect())
    }

    /// Locks the notifications that nobody else holds and that are still to be matched.
    fn hold_unmatched(&mut self, waiting: &[Unmatched]) -> Result<HashSet<Uuid>, LedgerError> {
        #[derive(QueryableByName)]
        struct Held {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
        }
        let held: Vec<Held> = Statement::new(
            "SELECT held.id FROM unnest(?, ?) AS waiting (id, month) CROSS JOIN LATERAL ( \
                 SELECT id FROM notifications WHERE id = waiting.id AND month = waiting.month \
                     AND rematch_due_at <= now() FOR UPDATE SKIP LOCKED) AS held",
        )
        .column::<SqlUuid, _>(waiting.iter().map(|one| one.row.0))
        .column::<Date, _>(waiting.iter().map(|one| one.row.1))
        .load(self.connection()?)?;
        Ok(held.into_iter().map(|row| row.id).collect())
    }

    fn match_payment(&mut self, notification: &Notification) -> Result<Option<Uuid>, LedgerError> {
        let named = notification.our_reference.as_deref();
        if let Some(id) = named.and_then(|named| named.parse::<PaymentId>().ok()) {
            let found: Option<Uuid> = payments::table
                .find(id.as_uuid())
                .select(payments::id)
                .first(self.connection()?)
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some(code) = &notification.link_code else {
            return Ok(None);
        };
        Ok(payments::table
            .filter(payments::link_code.eq(code))
            .select(payments::id)
            .order(payments::created_at.desc())
            .first(self.connection()?)
            .optional()?)
    }

    fn judge(
        &mut self,
        (id, month): (Uuid, NaiveDate),
        received: Received,
        payment: Option<Uuid>,
    ) -> Result<(), LedgerError> {
        let wait = (received == Received::UnknownReference).then_some(REMATCH_EVERY_SECONDS);
        diesel::sql_query(
            "UPDATE notifications SET verdict = $1, payment_id = coalesce($2, payment_id), \
                 rematch_due_at = CASE WHEN $3::bigint IS NULL \
                     OR received_at < now() - make_interval(hours => $4::int) THEN NULL \
                     ELSE now() + make_interval(secs => $3::bigint) END \
             WHERE id = $5 AND month = $6",
        )
        .bind::<Text, _>(received.verdict())
        .bind::<Nullable<SqlUuid>, _>(payment)
        .bind::<Nullable<BigInt>, _>(wait)
        .bind::<BigInt, _>(REMATCH_FOR_HOURS)
        .bind::<SqlUuid, _>(id)
        .bind::<Date, _>(month)
        .execute(self.connection()?)?;
        Ok(())
    }
}
