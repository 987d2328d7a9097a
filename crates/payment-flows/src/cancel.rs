//! Cancelling an order for its merchant: at the provider where that can be, and never against
//! money that is on its way (contract 4.3).

use std::time::Duration;

use ayolinx_client::Outcome;
use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::order::OrderRefusal;
use ledger::{CancelPlan, LedgerError, NotedCall, PaymentFacts, Source, Urgency};

use crate::ask::Told;
use crate::flows::Flows;
use crate::lease::Lease;

/// The outcome of a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The order is cancelled.
    Cancelled,
    /// The order's state, or the payer, forbids it.
    Refused(OrderRefusal),
    /// The provider did not answer; nothing changed.
    NoAnswer,
}

/// The provider's answer to the closing of one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    /// A closed payment: nobody can pay it any more, or it was never there.
    Done,
    /// The payment is paid, and that is recorded.
    Paid,
    /// The payment's money was returned, and that is recorded.
    Returned,
    /// The payer is paying, or the payment cannot be closed.
    Open,
    /// The provider does not know the payment.
    NotFound,
    /// No answer.
    NoAnswer,
    /// The payment was not closed, or not asked about, and may not be before this time is over.
    Unsent(Duration),
}

impl Flows {
    /// Cancels an order.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub async fn cancel(
        &self,
        merchant: MerchantId,
        order: OrderId,
        source: Source,
    ) -> Result<CancelOutcome, LedgerError> {
        let plan = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.plan_cancel(merchant, order))
            .await?;
        match plan {
            CancelPlan::AlreadyCancelled => return Ok(CancelOutcome::Cancelled),
            CancelPlan::Refused(refusal) => return Ok(CancelOutcome::Refused(refusal)),
            CancelPlan::Local => {}
            CancelPlan::CloseFirst(payments) => {
                for payment in payments {
                    match self.close_by_id(payment).await? {
                        Closing::Done | Closing::NotFound => {}
                        Closing::Paid => return Ok(CancelOutcome::Refused(OrderRefusal::Paid)),
                        Closing::Open | Closing::Returned => {
                            return Ok(CancelOutcome::Refused(OrderRefusal::StateConflict));
                        }
                        Closing::NoAnswer | Closing::Unsent(_) => {
                            return Ok(CancelOutcome::NoAnswer);
                        }
                    }
                }
            }
        }
        let cancelled = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.cancel_order(merchant, order, source))
            .await?;
        Ok(match cancelled {
            Ok(()) => CancelOutcome::Cancelled,
            Err(refusal) => CancelOutcome::Refused(refusal),
        })
    }

    async fn close_by_id(&self, id: PaymentId) -> Result<Closing, LedgerError> {
        let payment = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.payment_facts(id))
            .await?;
        self.close_at_provider(&payment, &mut Lease::none()).await
    }

    /// Cancels a QRIS payment at the provider, then asks about it: a payer may have paid meanwhile.
    pub(crate) async fn close_at_provider(
        &self,
        payment: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Closing, LedgerError> {
        let Some(channel) = self.channel_of(payment.channel.as_deref()) else {
            return Ok(Closing::NoAnswer);
        };
        self.hold_for_a_call(lease).await?;
        let reference = payment.id.to_string();
        let cancelled = self.client.cancel_qris(&reference, &channel.code).await;
        let closed = match cancelled.detail() {
            Some(why) => format!("{}: {why}", cancelled.name()),
            None => cancelled.name().to_owned(),
        };
        let told = self.question(payment, lease).await;
        let said = match &told {
            Ok(told) => told.summary(),
            Err(_not_held) => "not sent: another worker has it".to_owned(),
        };
        self.note_closing(payment, closed, said).await?;
        let told = told?;
        let answer = match told {
            Told::Answer(answer) => answer,
            Told::Unsent { retry_in, .. } => return Ok(Closing::Unsent(retry_in)),
            Told::Refused(_) | Told::Nothing(_) => return Ok(Closing::NoAnswer),
        };
        match answer.status {
            ProviderStatus::Success => {
                self.apply_answer(payment, *answer).await?;
                Ok(Closing::Paid)
            }
            ProviderStatus::Refunded => {
                self.apply_answer(payment, *answer).await?;
                Ok(Closing::Returned)
            }
            ProviderStatus::Paying => Ok(Closing::Open),
            ProviderStatus::Cancelled | ProviderStatus::Failed => Ok(Closing::Done),
            ProviderStatus::NotFound => Ok(Closing::NotFound),
            ProviderStatus::Initiated | ProviderStatus::Pending | ProviderStatus::Other(_) => {
                Ok(match cancelled {
                    Outcome::Accepted(()) => Closing::Done,
                    Outcome::Rejected(_) => Closing::Open,
                    Outcome::NotSent { reason, .. } => Closing::Unsent(reason.retry_in()),
                    Outcome::AuthenticationRefused(_)
                    | Outcome::Throttled { .. }
                    | Outcome::OutcomeUnknown { .. }
                    | Outcome::Protocol { .. } => Closing::NoAnswer,
                })
            }
        }
    }

    /// Notes the answers in the order's timeline, also where they change nothing.
    async fn note_closing(
        &self,
        payment: &PaymentFacts,
        cancelled: String,
        said: String,
    ) -> Result<(), LedgerError> {
        let noted = [
            NotedCall {
                call: "cancel",
                outcome: cancelled,
            },
            NotedCall {
                call: "inquiry",
                outcome: said,
            },
        ];
        let id = payment.id;
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.note_calls(id, &noted))
            .await
    }
}
