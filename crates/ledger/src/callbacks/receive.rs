//! Callbacks on their way into the inbox: a set of them is locked, read and written as a set, and each
//! takes effect as if it had come alone.

use std::collections::HashMap;
use std::sync::Arc;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::reading::Channelled;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Date, Nullable, Text, Uuid as SqlUuid};
use tracing::Span;
use uuid::Uuid;

use crate::callbacks::inbox::{InboundNotification, Received};
use crate::database::context::Context;
use crate::database::schema::payments;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::payments::prefetch::WhenHeld;
use crate::rows::notifications::{Arrived, NewNotification, Seen};
use crate::rows::prefetched::Along;
use crate::rows::seals::body_context;
use crate::tx::Tx;

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

    /// Returns the payment that it names itself.
    fn reference(&self) -> Option<Uuid> {
        let named = self.notification.as_ref()?.our_reference.as_deref()?;
        Some(named.parse::<PaymentId>().ok()?.as_uuid())
    }

    fn link_code(&self) -> Option<&String> {
        self.notification.as_ref()?.link_code.as_ref()
    }
}

/// A callback's row in the inbox.
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

    /// Receives a set of callbacks like [`Tx::receive`] in one go, each with its own effect. Returns
    /// `None` for those that were left out, since their order is held elsewhere.
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

    /// Applies a duplicate again. It is passed over only where it would change nothing now (contract
    /// 4.2): it is read once more, and as a rule its content is known.
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

    /// Returns those of these payments that exist and were not locked ahead.
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

    /// Returns the newest payment of each link that is named.
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

    /// Looks callbacks up in this month and the one before, each by its key: no plan may read a month
    /// whole.
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
