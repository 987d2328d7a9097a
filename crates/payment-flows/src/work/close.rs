//! Closing: cancels at the provider the payments that were withdrawn here. Money that came first
//! still wins.

use ayolinx_core::states::PaymentState;
use ledger::{LeasedWork, LedgerError, PaymentFacts, WorkNext};

use super::Decided;
use crate::cancel::Closing;
use crate::flows::Flows;
use crate::lease::Lease;

impl Flows {
    pub(super) async fn close(
        &self,
        work: &LeasedWork,
        facts: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Decided, LedgerError> {
        let withdrawn = matches!(
            facts.state,
            PaymentState::Cancelled | PaymentState::Expired | PaymentState::Failed
        );
        if !withdrawn {
            return Ok(WorkNext::Done.into());
        }
        Ok(match self.close_at_provider(facts, lease).await? {
            Closing::Done | Closing::Paid | Closing::Returned => WorkNext::Done.into(),
            // An unknown create may still land: look again while it could.
            Closing::NotFound if facts.accepted_at.is_some() => WorkNext::Done.into(),
            Closing::NotFound | Closing::Open | Closing::NoAnswer => {
                self.next_resolve(work, facts).into()
            }
            Closing::Unsent(retry_in) => Decided::Unsent(retry_in),
        })
    }
}
