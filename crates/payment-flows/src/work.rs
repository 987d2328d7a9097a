//! The recovery loops' work, one piece at a time: resolve, inquire, close, expire. Each takes a
//! lease, asks with no transaction open, applies, and says when to come again.

use ayolinx_core::method::Method;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{LeasedWork, LedgerError, PaymentFacts, Urgency, WorkKind, WorkNext};

use crate::ask::Asked;
use crate::flows::Flows;

mod close;
mod expire;
mod inquire;
mod resolve;

/// How long to leave a payment alone while the channel's line is too long.
const BUSY_PAUSE_SECONDS: i64 = 5;

impl Flows {
    /// Does one leased piece of work and ends its lease.
    ///
    /// # Errors
    /// When the ledger is away; the lease then runs out and somebody does it again.
    pub async fn do_work(&self, work: &LeasedWork) -> Result<(), LedgerError> {
        let id = work.payment_id;
        let facts = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.payment_facts(id))
            .await?;
        let next = match (facts.call_leased_until, work.kind) {
            // A create of it may be under way: its end is waited for.
            (Some(until), WorkKind::Resolve | WorkKind::Close | WorkKind::Expire) => {
                WorkNext::At(until)
            }
            (_, WorkKind::Resolve) => self.resolve(work, &facts).await?,
            (_, WorkKind::Inquire) => self.inquire(work, &facts).await?,
            (_, WorkKind::Close) => self.close(work, &facts).await?,
            (_, WorkKind::Expire) => self.expire(work, &facts).await?,
        };
        let outcome = match next {
            WorkNext::Done => "done",
            WorkNext::At(_) | WorkNext::Untried(_) => "again",
        };
        self.metrics.work_done(work.kind.as_str(), outcome);
        let leased = work.clone();
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.settle_work(&leased, next))
            .await?;
        Ok(())
    }

    fn next_resolve(&self, work: &LeasedWork, facts: &PaymentFacts) -> WorkNext {
        let plan = &self.ledger.context().plans.resolve;
        plan.next_resolve(work.began_at, facts.expires_at, facts.now)
            .map_or(WorkNext::Done, WorkNext::At)
    }
}

fn is_settled(state: PaymentState) -> bool {
    matches!(state, PaymentState::Paid | PaymentState::Refunded)
}

fn later(at: DateTime<Utc>, seconds: i64) -> WorkNext {
    at.checked_add_signed(TimeDelta::seconds(seconds))
        .map_or(WorkNext::Done, WorkNext::At)
}

fn untried(facts: &PaymentFacts) -> WorkNext {
    let pause = TimeDelta::seconds(BUSY_PAUSE_SECONDS);
    (facts.now.checked_add_signed(pause)).map_or(WorkNext::Done, WorkNext::Untried)
}

fn cannot_be_asked(facts: &PaymentFacts) -> bool {
    facts.method == Method::PaymentLink
}

fn settled_by(asked: &Asked) -> bool {
    matches!(asked, Asked::Answered { applied, .. } if is_settled(applied.payment))
}
