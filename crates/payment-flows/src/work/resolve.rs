//! Resolution of a create whose outcome is unknown, and its repair (contract 4.1): the provider is asked
//! before anything is sent again.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Failure;
use ayolinx_core::payment::Fact;
use ayolinx_core::resend::NextResend;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use ledger::{Call, LeasedWork, LedgerError, Observation, PaymentFacts, Source, Urgency, WorkNext};
use uuid::Uuid;

use super::{Decided, cannot_be_asked};
use crate::ask::Told;
use crate::cancel::Closing;
use crate::flows::Flows;
use crate::lease::Lease;

impl Flows {
    pub(super) async fn resolve(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        match facts.state {
            PaymentState::Unknown => {}
            PaymentState::Creating if facts.never_sent => {
                if facts.is_replacement {
                    return self.send_again(work, facts, lease).await;
                }
                return Ok(WorkNext::Done.into());
            }
            // The process that sent it died in the call: its lease ran out without an outcome.
            PaymentState::Creating => {
                let id = facts.id;
                let unknown = Observation::fact(Source::Resolver, Fact::OutcomeUnknown);
                self.ledger
                    .at(Urgency::Write)
                    .transact(move |tx| tx.apply(id, &unknown))
                    .await?;
            }
            PaymentState::Pending
            | PaymentState::Paid
            | PaymentState::Expired
            | PaymentState::Cancelled
            | PaymentState::Failed
            | PaymentState::Review
            | PaymentState::Refunded => return Ok(WorkNext::Done.into()),
        }
        if cannot_be_asked(facts) {
            return match self.waits_for_its_step(work, facts) {
                Some(at) => Ok(WorkNext::At(at).into()),
                None => self.lost(work, facts, lease).await,
            };
        }
        let answer = match self.noted_question(facts, lease).await? {
            Told::Answer(answer) => *answer,
            Told::Unsent { retry_in, .. } => return Ok(Decided::Unsent(retry_in)),
            Told::Refused(_) | Told::Nothing(_) => {
                return Ok(self.next_resolve(work, facts).into());
            }
        };
        match answer.status {
            // Its code was never shown. Mostly it was we who cancelled it, on the way to its replacement.
            ProviderStatus::Cancelled if facts.method == Method::Qris => {
                match self.cannot_create(facts, lease).await? {
                    Some(unsent) => Ok(unsent),
                    None => self.replace(work, facts, lease).await,
                }
            }
            ProviderStatus::Success
            | ProviderStatus::Refunded
            | ProviderStatus::Cancelled
            | ProviderStatus::Failed => {
                self.apply_answer(facts, answer).await?;
                Ok(self.next_resolve(work, facts).into())
            }
            ProviderStatus::Paying | ProviderStatus::Other(_) => {
                Ok(self.next_resolve(work, facts).into())
            }
            ProviderStatus::Initiated | ProviderStatus::Pending => {
                self.lost(work, facts, lease).await
            }
            ProviderStatus::NotFound => self.not_found(work, facts, lease).await,
        }
    }

    /// Replaces a payment that exists unpaid and whose artefact is lost: nobody can ever pay it.
    async fn lost(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        // Asked before it is closed: who closes it goes on to replace it.
        if let Some(unsent) = self.cannot_create(facts, lease).await? {
            return Ok(unsent);
        }
        if facts.method == Method::Qris {
            match self.close_at_provider(facts, lease).await? {
                // Also where it cannot be closed: nobody has its code to pay it with.
                Closing::Done | Closing::NotFound | Closing::Open => {}
                Closing::Paid | Closing::Returned => return Ok(WorkNext::Done.into()),
                Closing::NoAnswer => return Ok(self.next_resolve(work, facts).into()),
                Closing::Unsent(retry_in) => return Ok(Decided::Unsent(retry_in)),
            }
        }
        self.replace(work, facts, lease).await
    }

    async fn replace(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        self.hold_for_a_call(lease).await?;
        let leased = work.clone();
        let replacement = PaymentId::from_uuid(Uuid::now_v7());
        let call = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.replace_lost(&leased, replacement))
            .await?;
        if call.is_none() {
            // Closed, and its plan with it; or the lease ran out on the way here, and the next one
            // finishes this.
            return Ok(self.next_resolve(work, facts).into());
        }
        self.send(call).await?;
        Ok(WorkNext::Done.into())
    }

    /// Handles a payment that the provider does not know. Two answers far enough apart prove it; then the
    /// same id may be sent again.
    async fn not_found(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        let gap = self.ledger.context().plans.resolve.not_found_gap();
        let proven = work
            .not_found_at
            .is_some_and(|first| facts.now.signed_duration_since(first) >= gap);
        if proven {
            return self.send_again(work, facts, lease).await;
        }
        if work.not_found_at.is_none() {
            let (leased, at) = (work.clone(), facts.now);
            self.ledger
                .at(Urgency::Write)
                .transact(move |tx| tx.note_not_found(&leased, Some(at)))
                .await?;
        }
        Ok(self.next_resolve(work, facts).into())
    }

    /// Returns the time at which a payment that cannot be asked about is replaced: the step of the schedule
    /// with the number of its replacements so far; `None` when that is now.
    fn waits_for_its_step(&self, work: &LeasedWork, facts: &PaymentFacts) -> Option<DateTime<Utc>> {
        let number = usize::try_from(facts.replacements).unwrap_or(0);
        let plan = &self.ledger.context().plans.resolve;
        plan.step(work.began_at, number)
            .filter(|at| *at > facts.now)
    }

    /// Sends a payment that is not there again, more and more seldom, and no more once its outcome is
    /// known.
    async fn send_again(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        let unit = self.ledger.context().plans.resolve.resend_unit();
        match (work.resends.next(unit), &work.last_reply) {
            (NextResend::GiveUp, Some(reply)) => return self.give_up(work, facts, reply).await,
            (NextResend::GiveUp, None) => {}
            (NextResend::After(pause), _) => {
                let due = work.began_at.checked_add_signed(pause);
                if let Some(due) = due.filter(|due| *due > facts.now) {
                    let next = match self.next_resolve(work, facts) {
                        WorkNext::At(at) => WorkNext::At(at.min(due)),
                        other @ (WorkNext::Done | WorkNext::Untried(_)) => other,
                    };
                    return Ok(next.into());
                }
            }
        }
        if let Some(unsent) = self.cannot_create(facts, lease).await? {
            return Ok(unsent);
        }
        let leased = work.clone();
        let call = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.lease_resend(&leased))
            .await?;
        if call.is_none() {
            // The order no longer wants it: its expiry or its closing ends it.
            return Ok(self.next_resolve(work, facts).into());
        }
        self.metrics.resent("sent");
        self.send(call).await?;
        Ok(WorkNext::Done.into())
    }

    async fn give_up(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        reply: &Failure,
    ) -> Result<Decided, LedgerError> {
        let (leased, answered) = (work.clone(), reply.clone());
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.give_up_resending(&leased, &answered))
            .await?;
        self.metrics.resent("given_up");
        self.metrics.alarm("resends_exhausted");
        tracing::error!(
            payment.id = %facts.id,
            detail = format!("{} {}", reply.code, reply.message),
            "a create is always answered alike and is not there: it failed"
        );
        Ok(WorkNext::Done.into())
    }

    /// Returns the decision not to begin a create now, where its channel would refuse it.
    async fn cannot_create(
        &self,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Option<Decided>, LedgerError> {
        self.hold_for_a_call(lease).await?;
        let channel = self.channel_of(facts.channel.as_deref());
        let refused_for = channel.and_then(|channel| self.client.refuses_creates_for(channel));
        Ok(refused_for.map(Decided::Unsent))
    }

    async fn send(&self, call: Option<Call>) -> Result<(), LedgerError> {
        if let Some(call) = call {
            self.open(call, None).await?;
        }
        Ok(())
    }
}
