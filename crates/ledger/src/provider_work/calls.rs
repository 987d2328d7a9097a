//! Calls to the provider that no other record speaks of, for the order's timeline.

use ayolinx_core::ids::PaymentId;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::payments;
use crate::error::LedgerError;
use crate::rows::history::NewHistory;
use crate::tx::Tx;

/// The source of these rows in the history.
pub(crate) const PROVIDER_CALL: &str = "provider_call";

/// A call and its outcome. A call that changes a payment is recorded with the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedCall {
    /// `create`, `cancel` or `inquiry`.
    pub call: &'static str,
    /// The outcome, in a few words: no secrets, no personal data.
    pub outcome: String,
}

impl Tx<'_> {
    /// Keeps calls about a payment in its order's history.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such payment.
    pub fn note_calls(
        &mut self,
        payment: PaymentId,
        calls: &[NotedCall],
    ) -> Result<(), LedgerError> {
        let order_id: Uuid = payments::table
            .find(payment.as_uuid())
            .select(payments::order_id)
            .first(self.connection()?)?;
        for noted in calls {
            self.note_call(order_id, payment.as_uuid(), noted)?;
        }
        Ok(())
    }

    pub(crate) fn note_call(
        &mut self,
        order_id: Uuid,
        payment_id: Uuid,
        noted: &NotedCall,
    ) -> Result<(), LedgerError> {
        self.record(NewHistory {
            order_id,
            payment_id: Some(payment_id),
            source: PROVIDER_CALL,
            fact: noted.call,
            payment_from: None,
            payment_to: None,
            order_from: None,
            order_to: None,
            order_version: None,
            detail: Some(noted.outcome.clone()),
        });
        Ok(())
    }
}
