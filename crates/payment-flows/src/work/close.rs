//! Cancelling at the provider what was withdrawn here. Money that came first still wins.

use ayolinx_core::states::PaymentState;
use ledger::{LeasedWork, LedgerError, PaymentFacts, WorkNext};

use crate::cancel::Closing;
use crate::flows::Flows;

impl Flows {
    pub(super) async fn close(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
    ) -> Result<WorkNext, LedgerError> {
        let withdrawn = matches!(
            facts.state,
            PaymentState::Cancelled | PaymentState::Expired | PaymentState::Failed
        );
        if !withdrawn {
            return Ok(WorkNext::Done);
        }
        Ok(match self.close_at_provider(facts).await? {
            Closing::Done | Closing::Paid | Closing::Returned => WorkNext::Done,
            // An unknown create may still land: look again while it could.
            Closing::NotFound if facts.accepted_at.is_some() => WorkNext::Done,
            Closing::NotFound | Closing::Open | Closing::NoAnswer => self.next_resolve(work, facts),
        })
    }
}
