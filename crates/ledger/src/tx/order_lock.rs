//! An order read or locked with its payments, and its write-back. Whoever changes anything of an order locks its row
//! first, so that two facts about one order queue up.

use ayolinx_core::ids::{OrderId, PaymentId};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::error::LedgerError;
use crate::rows::locked::Locked;
use crate::rows::orders::OrderRow;
use crate::rows::payments::PaymentRow;
use crate::tx::Tx;

impl Tx<'_> {
    pub(crate) fn find_order(&mut self, id: OrderId) -> Result<OrderRow, LedgerError> {
        Ok(orders::table
            .find(id.as_uuid())
            .select(OrderRow::as_select())
            .first(self.connection()?)?)
    }

    /// Returns the payments of an order, newest first.
    pub(crate) fn payments_of(&mut self, order_id: Uuid) -> Result<Vec<PaymentRow>, LedgerError> {
        Ok(payments::table
            .filter(payments::order_id.eq(order_id))
            .select(PaymentRow::as_select())
            .order(payments::position.desc())
            .load(self.connection()?)?)
    }

    pub(crate) fn lock_order(&mut self, order_id: Uuid) -> Result<Locked, LedgerError> {
        let order = orders::table
            .find(order_id)
            .select(OrderRow::as_select())
            .for_no_key_update()
            .first(self.connection()?)?;
        let payments = self.payments_of(order_id)?;
        Ok(Locked {
            order,
            payments,
            receipts: None,
            notices: Vec::new(),
            payer: None,
        })
    }

    /// Locks the order of a payment, if it is not locked ahead.
    pub(crate) fn lock_order_of(&mut self, payment: PaymentId) -> Result<Locked, LedgerError> {
        if let Some(locked) = self.prefetched.take(payment.as_uuid()) {
            return Ok(locked);
        }
        let order_id: Uuid = payments::table
            .find(payment.as_uuid())
            .select(payments::order_id)
            .first(self.connection()?)?;
        self.lock_order(order_id)
    }

    pub(crate) fn save_order(&mut self, order: &OrderRow) {
        self.writes.orders.insert(order.id, order.clone());
    }
}
