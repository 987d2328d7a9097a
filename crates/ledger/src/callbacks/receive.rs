//! Callbacks on their way into the inbox: a set of them is locked, read and written as a set, and each
//! takes effect as if it had come alone.

use std::collections::HashMap;
use std::sync::Arc;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::reading::Channelled;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use tracing::Span;
use uuid::Uuid;

use crate::callbacks::inbox::{
    InboundNotification, REMATCH_EVERY_SECONDS, REMATCH_FOR_HOURS, Received, body_context,
};
use crate::database::context::Context;
use crate::database::schema::payments;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::payments::prefetch::{Along, WhenHeld};
use crate::tx::Tx;

/// A callback made ready for the inbox outside the transaction: read and sealed.
pub(crate) struct Arrived {
    id: Uuid,
    path: &'static str,
    matched_route: &'static str,
    body_digest: [u8; 32],
    body_sealed: Vec<u8>,
    headers: String,
    channelled: Channelled,
    notification: Option<Notification>,
    /// Under which it came.
    span: Span,
}

impl Arrived {
    pub(crate) fn new(
        context: &Context,
        inbound: InboundNotification,
    ) -> Result<Self, LedgerError> {
        let id = Uuid::now_v7();
        Ok(Self {
            id,
            path: inbound.path,
            matched_route: inbound.matched_route,
            body_digest: inbound.body_digest,
            body_sealed: context.seal(&inbound.body, &body_context(id))?,
            headers: inbound.headers,
            channelled: inbound.channelled,
            notification: Notification::parse(&inbound.body).ok(),
            span: Span::current(),
        })
    }

    /// The payment it names itself.
    fn reference(&self) -> Option<Uuid> {
        let named = self.notification.as_ref()?.our_reference.as_deref()?;
        Some(named.parse::<PaymentId>().ok()?.as_uuid())
    }

    fn link_code(&self) -> Option<&String> {
        self.notification.as_ref()?.link_code.as_ref()
    }
}

/// A row of the inbox to be written.
pub(crate) struct NewNotification {
    /// Where the row of an earlier arrival stands; else it is the running month.
    month: Option<NaiveDate>,
    arrived: Arc<Arrived>,
    verdict: &'static str,
    payment_id: Option<Uuid>,
    waits: bool,
}

/// A row of the inbox that is to be counted up; without a month, one of the running month.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    id: Uuid,
    month: Option<NaiveDate>,
}

impl Seen {
    /// Whether its row is one of these, to be written at the same time.
    pub(crate) fn is_among(&self, rows: &[NewNotification]) -> bool {
        rows.iter().any(|row| row.arrived.id == self.id)
    }
}

/// What the inbox has of a callback already.
#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Date>)]
    month: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    path: String,
    #[diesel(sql_type = Binary)]
    body_digest: Vec<u8>,
    #[diesel(sql_type = Text)]
    verdict: String,
}

impl Known {
    fn is_of(&self, arrived: &Arrived) -> bool {
        self.path == arrived.path && self.body_digest == arrived.body_digest
    }

    fn is_settled(&self) -> bool {
        matches!(self.verdict.as_str(), "applied" | "no_change")
    }
}

impl Tx<'_> {
    /// Stores a verified callback and lets it take effect. The duplicate path writes too (T8).
    ///
    /// # Errors
    /// When the database does not answer: then nothing may be acknowledged.
    pub fn receive(&mut self, inbound: &InboundNotification) -> Result<Received, LedgerError> {
        let arrived = Arc::new(Arrived::new(self.context, inbound.clone())?);
        self.receive_one(&arrived)
    }

    pub(crate) fn receive_one(&mut self, arrived: &Arc<Arrived>) -> Result<Received, LedgerError> {
        let received = self.receive_all(std::slice::from_ref(arrived), WhenHeld::Wait)?;
        let first = received.into_iter().next().flatten();
        first.ok_or_else(|| LedgerError::corrupt("a callback was left out"))
    }

    /// [`Tx::receive`] for a set of callbacks in one go, each with its own effect. `None` for those
    /// that were left out, since their order is held elsewhere.
    pub(crate) fn receive_all(
        &mut self,
        arrived: &[Arc<Arrived>],
        held: WhenHeld,
    ) -> Result<Vec<Option<Received>>, LedgerError> {
        if arrived.is_empty() {
            return Ok(Vec::new());
        }
        let links = self.payments_of_links(arrived)?;
        let link_of = |one: &Arrived| links.get(one.link_code()?).copied();
        let named = arrived.iter().filter_map(|one| one.reference());
        let linked = arrived.iter().filter_map(|one| link_of(one));
        let ids: Vec<Uuid> = named.chain(linked).collect();
        self.prefetch(&ids, held, Along::Receipts)?;
        let left_out = match held {
            WhenHeld::Wait => Vec::new(),
            WhenHeld::Skip => self.not_prefetched(ids)?,
        };
        let mut known = self.known_notifications(arrived)?;
        let mut received = Vec::with_capacity(arrived.len());
        for one in arrived {
            let candidates = [one.reference(), link_of(one)];
            let mut payments = candidates.into_iter().flatten();
            let payment = payments.find(|id| self.prefetched.knows(*id) || left_out.contains(id));
            if payment.is_some_and(|id| left_out.contains(&id)) {
                received.push(None);
                continue;
            }
            let _under = one.span.enter();
            received.push(Some(self.take_in(one, payment, &mut known)?));
        }
        Ok(received)
    }

    fn take_in(
        &mut self,
        arrived: &Arc<Arrived>,
        payment: Option<Uuid>,
        known: &mut Vec<Known>,
    ) -> Result<Received, LedgerError> {
        // Two rows there are where a callback came twice at once while a month ended.
        let of_it = || known.iter().filter(|known| known.is_of(arrived));
        if let Some(settled) = of_it().find(|known| known.is_settled()) {
            let (id, month) = (settled.id, settled.month);
            let received = self.hear_again(arrived, payment)?;
            self.writes.notifications_seen.push(Seen { id, month });
            return Ok(received);
        }
        let earlier = of_it().next().map(|known| known.month);
        let notification = arrived.notification.as_ref();
        let received = self.place(notification, payment, (arrived.channelled, false))?;
        if earlier.is_none() {
            known.push(Known {
                id: arrived.id,
                month: None,
                path: arrived.path.to_owned(),
                body_digest: arrived.body_digest.to_vec(),
                verdict: received.verdict().to_owned(),
            });
        } else {
            // Only one row for each key fits into one statement.
            self.flush()?;
        }
        self.writes.notifications.push(NewNotification {
            month: earlier.flatten(),
            arrived: Arc::clone(arrived),
            verdict: received.verdict(),
            payment_id: payment,
            waits: received == Received::UnknownReference,
        });
        Ok(received)
    }

    /// A duplicate is passed over only where it would change nothing now (contract 4.2): it is read
    /// once more, and what it says is known, as a rule.
    fn hear_again(
        &mut self,
        arrived: &Arrived,
        payment: Option<Uuid>,
    ) -> Result<Received, LedgerError> {
        if payment.is_none() || arrived.channelled != Channelled::Callback {
            return Ok(Received::Duplicate);
        }
        let notification = arrived.notification.as_ref();
        let heard = self.place(notification, payment, (arrived.channelled, true))?;
        Ok(match heard {
            Received::Applied | Received::Asked => heard,
            _ => Received::Duplicate,
        })
    }

    /// Of these payments those that exist and were not locked ahead.
    fn not_prefetched(&mut self, ids: Vec<Uuid>) -> Result<Vec<Uuid>, LedgerError> {
        let missing: Vec<Uuid> = ids
            .into_iter()
            .filter(|id| !self.prefetched.knows(*id))
            .collect();
        if missing.is_empty() {
            return Ok(missing);
        }
        Ok(payments::table
            .filter(payments::id.eq_any(missing))
            .select(payments::id)
            .load(self.connection()?)?)
    }

    /// The newest payment of each link that is named.
    fn payments_of_links(
        &mut self,
        arrived: &[Arc<Arrived>],
    ) -> Result<HashMap<String, Uuid>, LedgerError> {
        let codes: Vec<&String> = arrived.iter().filter_map(|one| one.link_code()).collect();
        if codes.is_empty() {
            return Ok(HashMap::new());
        }
        let found: Vec<(Option<String>, Uuid)> = payments::table
            .filter(payments::link_code.eq_any(codes))
            .select((payments::link_code, payments::id))
            .order(payments::created_at)
            .load(self.connection()?)?;
        Ok(found
            .into_iter()
            .filter_map(|(code, id)| Some((code?, id)))
            .collect())
    }

    /// Looked for in this month and the one before, each by its key: no plan may read a month whole.
    fn known_notifications(&mut self, arrived: &[Arc<Arrived>]) -> Result<Vec<Known>, LedgerError> {
        Ok(Statement::new(
            "SELECT known.* FROM unnest(?, ?) AS named (path, body_digest) \
             CROSS JOIN LATERAL ( \
                 SELECT id, month, path, body_digest, verdict FROM notifications \
                 WHERE path = named.path AND body_digest = named.body_digest AND month IN ( \
                     date_trunc('month', now() AT TIME ZONE 'UTC')::date, \
                     (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month')::date) \
                 OFFSET 0) AS known",
        )
        .column::<Text, _>(arrived.iter().map(|one| one.path))
        .column::<Binary, _>(arrived.iter().map(|one| one.body_digest.to_vec()))
        .load(self.connection()?)?)
    }
}

/// A row that came meanwhile by another way is counted up, and judged unless it was settled.
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

/// Duplicates of what is settled: counted, so that they too are acknowledged by a write (T8).
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
