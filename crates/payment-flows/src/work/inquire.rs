//! Inquiries for money whose callback may be lost (contract 5).

use ledger::{LeasedWork, LedgerError, PaymentFacts, WorkNext};

use super::{Decided, cannot_be_asked, is_settled, settled_by};
use crate::ask::Asked;
use crate::flows::Flows;
use crate::lease::Lease;

impl Flows {
    pub(super) async fn inquire(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        if cannot_be_asked(facts) {
            return Ok(WorkNext::Done.into());
        }
        let asked = self.ask_in_line(facts, lease).await?;
        if let Asked::Unsent(retry_in) = asked {
            return Ok(Decided::Unsent(retry_in));
        }
        if settled_by(&asked) || is_settled(facts.state) {
            return Ok(WorkNext::Done.into());
        }
        let plans = &self.ledger.context().plans;
        let next = plans
            .inquiry_of(facts.method)
            .and_then(|plan| plan.next_inquiry(work.began_at, facts.expires_at, facts.now));
        Ok(next.map_or(WorkNext::Done, WorkNext::At).into())
    }
}
