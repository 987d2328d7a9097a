//! The work that becomes due, or is no longer due, when a payment changes (contract 4.1, 5).

use ayolinx_core::method::Method;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};

use crate::error::LedgerError;
use crate::rows::payments::PaymentRow;
use crate::rows::work::WorkKind;
use crate::tx::Tx;

impl Tx<'_> {
    pub(crate) fn plan_after(
        &mut self,
        payment: &PaymentRow,
        before: PaymentState,
        close_at_provider: bool,
    ) -> Result<(), LedgerError> {
        match payment.state()? {
            PaymentState::Pending => {
                self.drop_work(payment.id, &[WorkKind::Resolve]);
                self.plan_inquiries(payment)?;
            }
            PaymentState::Paid | PaymentState::Refunded => {
                self.drop_work(payment.id, &WorkKind::ALL);
            }
            PaymentState::Expired | PaymentState::Cancelled | PaymentState::Failed => {
                self.drop_work(payment.id, &[WorkKind::Resolve, WorkKind::Expire]);
                if close_at_provider && before.is_open() {
                    self.plan_close(payment, Some(before))?;
                }
            }
            PaymentState::Review => {
                self.drop_work(payment.id, &[WorkKind::Resolve, WorkKind::Expire]);
            }
            PaymentState::Unknown | PaymentState::Creating => {}
        }
        Ok(())
    }

    fn plan_inquiries(&mut self, payment: &PaymentRow) -> Result<(), LedgerError> {
        let now = self.now()?;
        let Some(plan) = self.context.plans.inquiry_of(payment.method()?) else {
            return Ok(());
        };
        // Payments made in one moment are not all asked about in one moment.
        let began_at = plan.spread(now, payment.id.as_u128());
        if let Some(due_at) = plan.next_inquiry(began_at, payment.expires_at, now) {
            self.plan_work(payment, WorkKind::Inquire, began_at, due_at);
        }
        Ok(())
    }

    /// Plans a close at the provider. Only QRIS can be cancelled there (protocol 4.4). What was
    /// certainly never sent needs no closing; while a call may be under way, its end is waited for.
    pub(crate) fn plan_close(
        &mut self,
        payment: &PaymentRow,
        before: Option<PaymentState>,
    ) -> Result<(), LedgerError> {
        if payment.method()? != Method::Qris {
            return Ok(());
        }
        let now = self.now()?;
        let never_sent = before == Some(PaymentState::Creating)
            && !payment.call_is_leased(now)
            && payment.last_outcome.as_deref() == Some("not_sent");
        if never_sent {
            return Ok(());
        }
        let call_may_run = matches!(before, Some(PaymentState::Creating | PaymentState::Unknown));
        let due_at: DateTime<Utc> = match payment.call_leased_until {
            Some(until) if call_may_run && until > now => until,
            _ => now,
        };
        self.plan_work(payment, WorkKind::Close, due_at, due_at);
        Ok(())
    }
}
