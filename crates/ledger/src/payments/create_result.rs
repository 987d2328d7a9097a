//! The outcomes of calls: a set of them is recorded as a set, each fenced by the token of its call, and the reply to
//! the merchant is kept in the same transaction.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::order_view::{Failure, OrderView};
use ayolinx_core::payment::Fact;
use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, SmallInt, Uuid as SqlUuid};
use std::collections::{HashMap, HashSet};
use tracing::Span;
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::payments::observation::{Applied, Effect, Observation};
use crate::payments::prefetch::WhenHeld;
use crate::rows::creations::StoredReply;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::rows::payments::PaymentRow;
use crate::rows::prefetched::Along;
use crate::rows::work::AfterCall;
use crate::rows::work::WorkKind;
use crate::tx::{Tx, shifted};

/// The outcome of a call, as far as it matters to the ledger.
#[derive(Debug, Clone)]
pub enum CallOutcome {
    /// The provider sent the artefact.
    Accepted(Box<Observation>),
    /// The provider refused it for certain.
    Refused(Failure),
    /// The call was certainly not sent: the merchant may retry the same payment.
    NotSent,
    /// The call was not sent, as [`Self::NotSent`], or not let in, with the reason: no secrets, no personal data.
    Undone(String),
    /// The outcome is not known yet; the exchange still runs under its lease.
    StillRunning,
    /// The outcome is not known, and the exchange has ended.
    Unknown(String),
    /// The outcome is not known, as [`Self::Unknown`], and the provider answered in JSON, with this code and message.
    Unclear {
        /// The provider's answer.
        reply: Failure,
        /// The reason why that settles nothing, with the code.
        reason: String,
    },
}

impl CallOutcome {
    /// Returns the end of the call with which the plan to resolve it begins.
    fn after_call(&self) -> AfterCall {
        match self {
            Self::Unclear { reply, .. } => AfterCall::Answered(reply.clone()),
            Self::Accepted(_)
            | Self::Refused(_)
            | Self::NotSent
            | Self::Undone(_)
            | Self::StillRunning
            | Self::Unknown(_) => AfterCall::Silent,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Refused(_) => "refused",
            Self::NotSent | Self::Undone(_) => "not_sent",
            Self::StillRunning => "still_running",
            Self::Unknown(_) | Self::Unclear { .. } => "unknown",
        }
    }

    fn observation(&self) -> Observation {
        match self {
            Self::Accepted(observation) => observation.as_ref().clone(),
            Self::Refused(failure) => Observation {
                failure: Some(failure.clone()),
                detail: Some(told(failure)),
                ..Observation::fact(Source::Reply, Fact::Refused)
            },
            Self::NotSent => Observation::fact(Source::Reply, Fact::NotSent),
            Self::Undone(reason) => Observation {
                detail: Some(reason.clone()),
                ..Observation::fact(Source::Reply, Fact::NotSent)
            },
            Self::StillRunning => Observation::fact(Source::Reply, Fact::OutcomeUnknown),
            Self::Unknown(reason) | Self::Unclear { reason, .. } => Observation {
                detail: Some(reason.clone()),
                ..Observation::fact(Source::Reply, Fact::OutcomeUnknown)
            },
        }
    }
}

/// The reply to the merchant that is kept with an outcome, where that is an artefact.
#[derive(Debug, Clone, Copy)]
pub struct KeepReply {
    /// The creation whose first final reply it is; without one the reply is made and not kept.
    pub creation: Option<Uuid>,
    /// The function that makes it of the order as it is then.
    pub reply: fn(&OrderView) -> Result<StoredReply, LedgerError>,
}

/// The outcome of a call, to be recorded.
#[derive(Debug, Clone)]
pub struct CallEnd {
    /// The payment.
    pub payment: PaymentId,
    /// The call's token: only its holder may end or reopen the payment.
    pub token: Uuid,
    /// The outcome of the call.
    pub outcome: CallOutcome,
    /// The reply, where one is wanted.
    pub keep: Option<KeepReply>,
}

impl CallEnd {
    fn creation(&self) -> Option<Uuid> {
        self.keep?.creation
    }
}

/// The effect of a recorded outcome.
#[derive(Debug, Clone)]
pub struct CallSettled {
    /// The payment and order after it.
    pub applied: Applied,
    /// The reply that counts, where one was wanted and an artefact was recorded.
    pub reply: Option<StoredReply>,
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

impl Tx<'_> {
    /// Records the outcome of a call. An artefact, which is certain, is accepted from any caller; an outcome that would
    /// end or reopen the payment, only from the holder of the lease.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such payment.
    pub fn settle_call(
        &mut self,
        payment: PaymentId,
        token: Uuid,
        outcome: &CallOutcome,
    ) -> Result<Applied, LedgerError> {
        let end = CallEnd {
            payment,
            token,
            outcome: outcome.clone(),
            keep: None,
        };
        Ok(self.end_call(&end)?.applied)
    }

    /// Records an outcome like [`Tx::settle_call`], and returns the reply.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such payment.
    pub fn end_call(&mut self, end: &CallEnd) -> Result<CallSettled, LedgerError> {
        let settled = self.end_calls(&[(end, &Span::current())], WhenHeld::Wait)?;
        settled
            .into_iter()
            .next()
            .flatten()
            .ok_or(LedgerError::NotFound)
    }

    /// Records outcomes like [`Tx::end_call`] for a set, each under its own span. Returns `None` for those whose
    /// payment is not there, or whose order is held elsewhere and is to be skipped.
    pub(crate) fn end_calls(
        &mut self,
        ends: &[(&CallEnd, &Span)],
        held: WhenHeld,
    ) -> Result<Vec<Option<CallSettled>>, LedgerError> {
        if ends.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = ends.iter().map(|(end, _)| end.payment.as_uuid()).collect();
        self.prefetch(&ids, held, Along::Payers)?;
        let mut settled = Vec::with_capacity(ends.len());
        let mut replies = Vec::new();
        for (end, span) in ends {
            let _under = span.enter();
            if !self.prefetched.knows(end.payment.as_uuid()) {
                settled.push(None);
                continue;
            }
            let mut locked = self.lock_order_of(end.payment)?;
            let applied = self.record_end(&mut locked, end)?;
            let reply = self.reply_to(&mut locked, end, applied.payment)?;
            if let (Some(reply), Some(creation)) = (&reply, end.creation()) {
                replies.push((creation, reply.clone()));
            }
            settled.push(Some(CallSettled { applied, reply }));
        }
        let counts = self.keep_replies(&replies)?;
        for ((end, _), settled) in ends.iter().zip(&mut settled) {
            if let (Some(settled), Some(creation)) = (settled, end.creation()) {
                settled.reply = counts.get(&creation).cloned();
            }
        }
        Ok(settled)
    }

    fn record_end(&mut self, locked: &mut Locked, end: &CallEnd) -> Result<Applied, LedgerError> {
        let row = locked.payment(end.payment.as_uuid())?;
        let outcome = &end.outcome;
        // Once its end is written a call runs no more: the same end, written again, counts nothing twice.
        let ours = row.call_token == Some(end.token) && row.call_leased_until.is_some();
        if !ours && !matches!(outcome, CallOutcome::Accepted(_)) {
            return unchanged(locked, row);
        }
        if ours {
            self.end_lease(locked, end.payment.as_uuid(), outcome)?;
        }
        if let CallOutcome::Accepted(observation) = outcome {
            self.end_earlier(locked, end.payment.as_uuid(), observation.ends_at)?;
        }
        self.apply_to(locked, end.payment, &outcome.observation())
    }

    /// Records that the provider ends the payment before we do: its code is dead from then on. The order lives on, so
    /// that its payer may choose again (contract 4.2).
    fn end_earlier(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        ends_at: Option<DateTime<Utc>>,
    ) -> Result<(), LedgerError> {
        let row = locked.payment_mut(id)?;
        let waits = matches!(row.state()?, PaymentState::Creating | PaymentState::Unknown);
        let Some(ends_at) = ends_at.filter(|at| waits && *at < row.expires_at) else {
            return Ok(());
        };
        row.expires_at = ends_at;
        let row = row.clone();
        let expire_at = shifted(ends_at, self.context.plans.expiry_grace);
        self.plan_work(&row, WorkKind::Expire, ends_at, expire_at);
        self.record(NewHistory {
            order_id: row.order_id,
            payment_id: Some(row.id),
            source: Source::Reply.as_str(),
            fact: "ends_earlier",
            payment_from: None,
            payment_to: None,
            order_from: None,
            order_to: None,
            order_version: Some(locked.order.version),
            detail: Some(format!(
                "the provider ends it at {}",
                format_jakarta(ends_at)
            )),
        });
        self.writes.payments.insert(row.id, row);
        Ok(())
    }

    fn reply_to(
        &mut self,
        locked: &mut Locked,
        end: &CallEnd,
        state: PaymentState,
    ) -> Result<Option<StoredReply>, LedgerError> {
        let (Some(keep), CallOutcome::Accepted(_)) = (&end.keep, &end.outcome) else {
            return Ok(None);
        };
        if matches!(state, PaymentState::Creating | PaymentState::Unknown) {
            return Ok(None);
        }
        self.read_payer(locked)?;
        self.read_money(locked)?;
        let receipts = locked.receipts.as_deref().unwrap_or_default();
        let record = (locked.order).record(&locked.payments, receipts, locked.payer.as_ref())?;
        (keep.reply)(&OrderView::new(&record, &self.context.links)).map(Some)
    }

    /// Keeps these replies where none was kept before, and returns the replies that count, by their creations: where a
    /// concurrent duplicate made its reply first, all get the same bytes.
    fn keep_replies(
        &mut self,
        replies: &[(Uuid, StoredReply)],
    ) -> Result<HashMap<Uuid, StoredReply>, LedgerError> {
        if replies.is_empty() {
            return Ok(HashMap::new());
        }
        let mut sealed = Vec::with_capacity(replies.len());
        for (creation, reply) in replies {
            sealed.push(self.sealed_reply(*creation, reply)?);
        }
        let keep = Statement::new(
            "UPDATE creations SET reply_status = new.status, reply_sealed = new.sealed \
             FROM unnest(?, ?, ?) AS new (id, status, sealed) \
             WHERE creations.id = new.id AND creations.reply_status IS NULL \
             RETURNING creations.id",
        )
        .column::<SqlUuid, _>(replies.iter().map(|(creation, _)| *creation))
        .column::<SmallInt, _>(sealed.iter().map(|(status, _)| *status))
        .column::<Binary, _>(sealed.iter().map(|(_, sealed)| sealed.clone()));
        let kept: Vec<Kept> = self.flush_with(("replies_kept", keep))?;
        let kept: HashSet<Uuid> = kept.into_iter().map(|row| row.id).collect();
        let mut counts = HashMap::with_capacity(replies.len());
        for (creation, reply) in replies {
            let reply = match kept.contains(creation) {
                true => reply.clone(),
                false => self.keep_first_reply(*creation, reply.clone())?,
            };
            counts.insert(*creation, reply);
        }
        Ok(counts)
    }

    fn end_lease(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        outcome: &CallOutcome,
    ) -> Result<(), LedgerError> {
        let now = self.now()?;
        let row = locked.payment_mut(id)?;
        row.last_outcome = Some(outcome.word().to_owned());
        if !matches!(outcome, CallOutcome::StillRunning) {
            row.call_leased_until = None;
        }
        let row = row.clone();
        match outcome {
            // The merchant holds a 503 and retries; of a resend or a replacement it knows nothing,
            // so the resolver goes on with it.
            CallOutcome::NotSent | CallOutcome::Undone(_)
                if row.state()? == PaymentState::Creating && row.replaces.is_none() =>
            {
                self.drop_work(row.id, &[WorkKind::Resolve]);
            }
            CallOutcome::NotSent
            | CallOutcome::Undone(_)
            | CallOutcome::Unknown(_)
            | CallOutcome::Unclear { .. }
                if row.state()?.is_open() =>
            {
                let resolve = &self.context.plans.resolve;
                match resolve.next_resolve(now, row.expires_at, now) {
                    Some(due_at) => {
                        self.plan_resolve(&row, now, due_at, outcome.after_call());
                    }
                    None => self.drop_work(row.id, &[WorkKind::Resolve]),
                }
            }
            CallOutcome::NotSent
            | CallOutcome::Undone(_)
            | CallOutcome::Unknown(_)
            | CallOutcome::Unclear { .. }
            | CallOutcome::Accepted(_)
            | CallOutcome::Refused(_)
            | CallOutcome::StillRunning => {}
        }
        self.writes.payments.insert(row.id, row);
        Ok(())
    }
}

/// Returns a refusal in the provider's words.
fn told(failure: &Failure) -> String {
    match failure.message.as_str() {
        "" => failure.code.clone(),
        message => format!("{} ({message})", failure.code),
    }
}

fn unchanged(locked: &Locked, row: &PaymentRow) -> Result<Applied, LedgerError> {
    Ok(Applied {
        effect: Effect::Unchanged,
        order_id: locked.order.id(),
        payment: row.state()?,
        order: locked.order.state()?,
    })
}
