//! Looking for money whose callback may be lost (contract 5).

use ledger::{LeasedWork, LedgerError, PaymentFacts, WorkNext};

use super::{cannot_be_asked, is_settled, settled_by, untried};
use crate::ask::Asked;
use crate::flows::Flows;

impl Flows {
    pub(super) async fn inquire(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
    ) -> Result<WorkNext, LedgerError> {
        if cannot_be_asked(facts) {
            return Ok(WorkNext::Done);
        }
        let asked = self.ask_in_line(facts).await?;
        if matches!(asked, Asked::Busy) {
            return Ok(untried(facts));
        }
        if settled_by(&asked) || is_settled(facts.state) {
            return Ok(WorkNext::Done);
        }
        let plans = &self.ledger.context().plans;
        let next = plans
            .inquiry_of(facts.method)
            .and_then(|plan| plan.next_inquiry(work.began_at, facts.expires_at, facts.now));
        Ok(next.map_or(WorkNext::Done, WorkNext::At))
    }
}
