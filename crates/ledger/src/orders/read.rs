//! Reads of orders: one with its payments, by each of its names.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::order_view::{OrderRecord, OrderView};
use ayolinx_core::states::OrderState;
use chrono::TimeDelta;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments, receipts};
use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::rows::orders::OrderRow;
use crate::rows::payments::PaymentRow;
use crate::rows::receipts::{ReceiptRow, receipts_of};
use crate::tx::{Tx, shifted};

/// The version and state of an order, for callers that wait for a change.
#[derive(Debug, Clone, Copy)]
pub struct OrderPulse {
    /// Version.
    pub version: i32,
    /// State.
    pub state: OrderState,
}

/// The most receipts in which a number is looked for that should be one receipt's.
const RRN_RECEIPTS_MAX: i64 = 200;
/// The most orders that a shop's number finds, the newest.
const NAMED_MAX: usize = 20;
/// The most orders under one number, of any shop, that are read to find those.
const NAMED_READ_MAX: i64 = 1_000;

impl Tx<'_> {
    /// Returns one order of a merchant as JSON.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn order_view(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<OrderView, LedgerError> {
        let order = self.find_order(id)?;
        if order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        self.view(&order)
    }

    /// Returns an order of any merchant as JSON: for the operator, the checkout page and the loops.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn any_order_view(&mut self, id: OrderId) -> Result<OrderView, LedgerError> {
        let order = self.find_order(id)?;
        self.view(&order)
    }

    /// Returns an order of any merchant as a record: for the checkout page, which compares the token.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn any_order(&mut self, id: OrderId) -> Result<OrderRecord, LedgerError> {
        let order = self.find_order(id)?;
        self.order_record(&order)
    }

    /// Returns an order with all that its JSON shows.
    pub(crate) fn order_record(&mut self, order: &OrderRow) -> Result<OrderRecord, LedgerError> {
        let payments = self.payments_of(order.id)?;
        let receipts = self.receipts_shown(&payments)?;
        let payer = self.payer_of(order.id)?;
        order.record(&payments, &receipts, payer.as_ref())
    }

    /// Returns the receipts of these payments, where there are any.
    pub(crate) fn receipts_shown(
        &mut self,
        payments: &[PaymentRow],
    ) -> Result<Vec<ReceiptRow>, LedgerError> {
        let with_money: Vec<Uuid> = (payments.iter())
            .filter(|payment| payment.received_minor > 0)
            .map(|payment| payment.id)
            .collect();
        if with_money.is_empty() {
            return Ok(Vec::new());
        }
        receipts_of(self.connection()?, &with_money)
    }

    /// Returns the merchant of an order: for the operator, who names orders and not merchants.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn merchant_of(&mut self, id: OrderId) -> Result<MerchantId, LedgerError> {
        let merchant: Uuid = orders::table
            .find(id.as_uuid())
            .select(orders::merchant_id)
            .first(self.connection()?)?;
        Ok(MerchantId::from_uuid(merchant))
    }

    /// Returns an order's version and state only.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn order_pulse(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<OrderPulse, LedgerError> {
        let (version, state): (i32, String) = orders::table
            .filter(orders::id.eq(id.as_uuid()))
            .filter(orders::merchant_id.eq(merchant.as_uuid()))
            .select((orders::version, orders::state))
            .first(self.connection()?)?;
        Ok(OrderPulse {
            version,
            state: crate::rows::values::parse("order state", &state)?,
        })
    }

    /// Notes that somebody has the provider asked about an order; `false` when somebody did so within
    /// `spacing` before.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn claim_sync(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
        spacing: TimeDelta,
        source: Source,
    ) -> Result<bool, LedgerError> {
        self.order_pulse(merchant, id)?;
        let now = self.now()?;
        let before = shifted(now, spacing.checked_mul(-1).unwrap_or_default());
        let claimed = diesel::update(orders::table.find(id.as_uuid()))
            .filter(orders::synced_at.is_null().or(orders::synced_at.le(before)))
            .set(orders::synced_at.eq(now))
            .execute(self.connection()?)?;
        if claimed > 0 {
            self.record(NewHistory {
                order_id: id.as_uuid(),
                payment_id: None,
                source: source.as_str(),
                fact: "sync_asked",
                payment_from: None,
                payment_to: None,
                order_from: None,
                order_to: None,
                order_version: None,
                detail: None,
            });
        }
        Ok(claimed > 0)
    }

    /// Returns the orders with a receipt that has this retrieval reference number, which banks use.
    pub(crate) fn orders_with_rrn(&mut self, rrn: &str) -> Result<Vec<Uuid>, LedgerError> {
        let payments: Vec<Uuid> = receipts::table
            .filter(receipts::rrn.eq(rrn))
            .select(receipts::payment_id)
            .limit(RRN_RECEIPTS_MAX)
            .load(self.connection()?)?;
        Ok(payments::table
            .filter(payments::id.eq_any(payments))
            .select(payments::order_id)
            .load(self.connection()?)?)
    }

    /// Returns the order with this number of the merchant's.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn order_by_reference(
        &mut self,
        merchant: MerchantId,
        reference: &str,
    ) -> Result<OrderId, LedgerError> {
        let id: Uuid = orders::table
            .filter(orders::merchant_id.eq(merchant.as_uuid()))
            .filter(orders::reference.eq(reference))
            .select(orders::id)
            .first(self.connection()?)?;
        Ok(OrderId::from_uuid(id))
    }

    /// Returns the orders that a name stands for: a merchant's reference (of any merchant), an id of an
    /// order or payment, or a receipt's retrieval reference number. For the operator.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn orders_named(&mut self, name: &str) -> Result<Vec<OrderId>, LedgerError> {
        if let Ok(id) = name.parse::<OrderId>() {
            return Ok(vec![id]);
        }
        if let Ok(id) = name.parse::<PaymentId>() {
            let found: Vec<Uuid> = payments::table
                .filter(payments::id.eq(id.as_uuid()))
                .select(payments::order_id)
                .load(self.connection()?)?;
            if !found.is_empty() {
                return Ok(found.into_iter().map(OrderId::from_uuid).collect());
            }
        }
        let mut found: Vec<Uuid> = orders::table
            .filter(orders::reference.eq(name))
            .select(orders::id)
            .limit(NAMED_READ_MAX)
            .load(self.connection()?)?;
        // An id begins with its time.
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(NAMED_MAX);
        if found.is_empty() {
            let by_rrn = self.orders_with_rrn(name)?;
            return Ok(by_rrn.into_iter().map(OrderId::from_uuid).collect());
        }
        Ok(found.into_iter().map(OrderId::from_uuid).collect())
    }

    pub(crate) fn view(&mut self, order: &OrderRow) -> Result<OrderView, LedgerError> {
        let record = self.order_record(order)?;
        Ok(OrderView::new(&record, &self.context.links))
    }
}
