//! Expiry: a last inquiry, then the end (contract 4.2).

use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::ProviderWord;
use chrono::TimeDelta;
use ledger::{LeasedWork, LedgerError, Observation, PaymentFacts, Source, Urgency, WorkNext};

use super::{Decided, cannot_be_asked, later};
use crate::ask::Told;
use crate::flows::Flows;
use crate::lease::Lease;

/// Hours past expiry for which an order is still asked about while the payer is paying or nobody
/// answers.
const ASK_FOR_HOURS: i64 = 24;
const AGAIN_FIRST_SECONDS: i64 = 5;
const AGAIN_MAX_SECONDS: i64 = 600;
const DOUBLINGS_MAX: u32 = 8;

impl Flows {
    pub(super) async fn expire(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        if !facts.state.is_open() {
            return Ok(WorkNext::Done.into());
        }
        if cannot_be_asked(facts) || facts.never_sent {
            return self.let_expire(facts).await;
        }
        match self.noted_question(facts, lease).await? {
            Told::Answer(answer)
                if matches!(
                    answer.status,
                    ProviderStatus::Success | ProviderStatus::Refunded
                ) =>
            {
                let id = facts.id;
                self.ledger
                    .at(Urgency::Write)
                    .transact(move |tx| {
                        let word = ProviderWord::of_inquiry(&answer);
                        tx.apply(id, &Observation::word(Source::Inquiry, word))
                    })
                    .await?;
                Ok(WorkNext::Done.into())
            }
            Told::Answer(answer) if answer.status != ProviderStatus::Paying => {
                self.let_expire(facts).await
            }
            Told::Unsent { retry_in, .. } if may_be_asked_again(facts) => {
                Ok(Decided::Unsent(retry_in))
            }
            Told::Answer(_) | Told::Refused(_) | Told::Nothing(_) | Told::Unsent { .. } => {
                self.again_or_give_up(work, facts).await
            }
        }
    }

    async fn again_or_give_up(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
    ) -> Result<Decided, LedgerError> {
        if may_be_asked_again(facts) {
            let doublings = u32::try_from(work.steps).unwrap_or(0).min(DOUBLINGS_MAX);
            let pause = AGAIN_FIRST_SECONDS
                .saturating_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX))
                .min(AGAIN_MAX_SECONDS);
            return Ok(later(facts.now, pause).into());
        }
        self.metrics.alarm("expired_without_answer");
        tracing::error!(
            payment.id = %facts.id,
            "expired although the provider gave no final answer for a day: reconcile by hand"
        );
        self.let_expire(facts).await
    }

    async fn let_expire(&self, facts: &PaymentFacts) -> Result<Decided, LedgerError> {
        let id = facts.id;
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                tx.apply(id, &Observation::fact(Source::Expiry, Fact::ExpiryReached))
            })
            .await?;
        Ok(WorkNext::Done.into())
    }
}

fn may_be_asked_again(facts: &PaymentFacts) -> bool {
    let give_up_at = facts
        .expires_at
        .checked_add_signed(TimeDelta::hours(ASK_FOR_HOURS));
    give_up_at.is_some_and(|at| facts.now < at)
}
