//! The recovery loops' work, one piece at a time: resolve, inquire, close, expire. Each takes a lease, asks
//! with no transaction open, applies the answer, and returns when to come again.

use std::time::Duration;

use ayolinx_core::method::Method;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{LeasedWork, LedgerError, PaymentFacts, Urgency, WorkKind, WorkNext};
use uuid::Uuid;

use crate::ask::Asked;
use crate::flows::Flows;
use crate::lease::Lease;

mod close;
mod expire;
mod inquire;
mod resolve;

/// The outcome of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// The work was done, or the provider was asked and answered or not; it may come again by its plan.
    Done,
    /// Nothing could be sent, so the provider was not asked: nothing of this channel may be before this time
    /// is over.
    Unsent(Duration),
}

/// The decision on a piece of work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decided {
    /// The next step of the work.
    Next(WorkNext),
    /// Nothing could be sent: the work is due again when sending may be tried, as if it had not been taken up.
    Unsent(Duration),
}

impl From<WorkNext> for Decided {
    fn from(next: WorkNext) -> Self {
        Self::Next(next)
    }
}

impl Flows {
    /// Does one leased piece of work and ends its lease.
    ///
    /// # Errors
    /// [`LedgerError`] when the ledger is away; the lease then runs out and another worker does it again. Also
    /// when another worker already does.
    pub async fn do_work(&self, work: &LeasedWork) -> Result<Worked, LedgerError> {
        let id = work.payment_id;
        let facts = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.payment_facts(id))
            .await?;
        let mut lease = Lease::on(work);
        let decided = match (facts.call_leased_until, work.kind) {
            // A create of it may be under way: its end is waited for.
            (Some(until), WorkKind::Resolve | WorkKind::Close | WorkKind::Expire) => {
                WorkNext::At(until).into()
            }
            (_, WorkKind::Resolve) => self.resolve(work, &facts, &mut lease).await?,
            (_, WorkKind::Inquire) => self.inquire(work, &facts, &mut lease).await?,
            (_, WorkKind::Close) => self.close(work, &facts, &mut lease).await?,
            (_, WorkKind::Expire) => self.expire(work, &facts, &mut lease).await?,
        };
        let (next, worked) = match decided {
            Decided::Next(next) => (next, Worked::Done),
            Decided::Unsent(retry_in) => (untried(&facts, retry_in), Worked::Unsent(retry_in)),
        };
        let outcome = match next {
            WorkNext::Done => "done",
            WorkNext::At(_) => "again",
            WorkNext::Untried(_) => "unsent",
        };
        self.metrics.work_done(work.kind.as_str(), outcome);
        let leased = work.clone();
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.settle_work(&leased, next))
            .await?;
        Ok(worked)
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

/// Returns the time at which the provider may be asked again, plus up to half of the wait, so that not all
/// come at one moment.
fn untried(facts: &PaymentFacts, retry_in: Duration) -> WorkNext {
    let spread_ms = retry_in
        .as_millis()
        .checked_div(2)
        .unwrap_or_default()
        .saturating_add(1);
    let late_ms = Uuid::new_v4()
        .as_u128()
        .checked_rem(spread_ms)
        .unwrap_or_default();
    let late = Duration::from_millis(u64::try_from(late_ms).unwrap_or_default());
    let pause = TimeDelta::from_std(retry_in.saturating_add(late)).unwrap_or(TimeDelta::MAX);
    (facts.now.checked_add_signed(pause)).map_or(WorkNext::Done, WorkNext::Untried)
}

fn cannot_be_asked(facts: &PaymentFacts) -> bool {
    facts.method == Method::PaymentLink
}

fn settled_by(asked: &Asked) -> bool {
    matches!(asked, Asked::Answered { applied, .. } if is_settled(applied.payment))
}
