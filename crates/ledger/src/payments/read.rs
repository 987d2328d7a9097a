//! Reads of payments: the facts that a flow needs before it asks the provider about one.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::database::schema::payments;
use crate::error::LedgerError;
use crate::rows::payments::PaymentRow;
use crate::tx::Tx;

/// The facts that a flow needs of a payment.
#[derive(Debug, Clone)]
pub struct PaymentFacts {
    /// Identity.
    pub id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// The merchant.
    pub merchant_id: MerchantId,
    /// Method.
    pub method: Method,
    /// Channel; `None` for a payment link.
    pub channel: Option<String>,
    /// State.
    pub state: PaymentState,
    /// The order's state.
    pub order_state: OrderState,
    /// `true` when its create is known to never have been sent.
    pub never_sent: bool,
    /// Time until which a create of it may be under way; `None` when none is.
    pub call_leased_until: Option<DateTime<Utc>>,
    /// `true` when it replaces one whose artefact was lost: then we owe the retry, not the
    /// merchant.
    pub is_replacement: bool,
    /// Number of lost payments before it.
    pub replacements: i16,
    /// Time at which its artefact went out.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// The database's time now.
    pub now: DateTime<Utc>,
}

impl Tx<'_> {
    /// Returns the facts of a payment.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn payment_facts(&mut self, id: PaymentId) -> Result<PaymentFacts, LedgerError> {
        let row: PaymentRow = payments::table
            .find(id.as_uuid())
            .select(PaymentRow::as_select())
            .first(self.connection()?)?;
        let order_state = self.find_order(OrderId::from_uuid(row.order_id))?.state()?;
        self.facts(&row, order_state)
    }

    /// Returns the payments of a merchant's order, newest first.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn payments_of_order(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<Vec<PaymentFacts>, LedgerError> {
        let order = self.find_order(id)?;
        if order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        let state = order.state()?;
        let rows = self.payments_of(order.id)?;
        rows.iter().map(|row| self.facts(row, state)).collect()
    }

    fn facts(
        &mut self,
        row: &PaymentRow,
        order_state: OrderState,
    ) -> Result<PaymentFacts, LedgerError> {
        let now = self.now()?;
        let call_leased_until = row.call_leased_until.filter(|until| *until > now);
        Ok(PaymentFacts {
            id: row.id(),
            order_id: OrderId::from_uuid(row.order_id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            method: row.method()?,
            channel: row.channel.clone(),
            state: row.state()?,
            order_state,
            never_sent: call_leased_until.is_none()
                && row.last_outcome.as_deref() == Some("not_sent"),
            call_leased_until,
            is_replacement: row.replaces.is_some(),
            replacements: row.replacements,
            accepted_at: row.accepted_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            now,
        })
    }
}
