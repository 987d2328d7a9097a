//! The data of the payer's page: the order, the name of the shop, and whether the order has changed.

use std::collections::HashMap;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderRecord;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::database::schema::{checkout_links, merchants, orders};
use crate::error::LedgerError;
use crate::orders::read::OrderPulse;
use crate::tx::Tx;

/// An order as its payer sees it.
#[derive(Debug, Clone)]
pub struct CheckoutOrder {
    /// The order.
    pub order: OrderRecord,
    /// The merchant that it belongs to.
    pub merchant_id: MerchantId,
    /// The name of the shop.
    pub shop: String,
    /// `true` when the shop left the choice of method to the payer.
    pub payer_chooses: bool,
}

impl Tx<'_> {
    /// Returns any order with its shop's name, when its link's token is right. Where it is not, nothing more
    /// is read and nothing unsealed: it takes as long as an order that does not exist.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn checkout_order(
        &mut self,
        id: OrderId,
        is_right: impl FnOnce(&str) -> bool,
    ) -> Result<CheckoutOrder, LedgerError> {
        let row = self.find_order(id)?;
        if !is_right(&row.checkout_token) {
            return Err(LedgerError::NotFound);
        }
        let shop = merchants::table
            .find(row.merchant_id)
            .select(merchants::name)
            .first(self.connection()?)?;
        Ok(CheckoutOrder {
            order: self.order_record(&row)?,
            merchant_id: row.merchant_id(),
            payer_chooses: row.payer_chooses,
            shop,
        })
    }

    /// Returns the time until which orders were made without signed checkout links; `None` where there never
    /// were any.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn links_unsigned_until(&mut self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        Ok(checkout_links::table
            .select(checkout_links::unsigned_until)
            .first(self.connection()?)
            .optional()?)
    }

    /// Returns the versions and states of orders of any merchant, for the pages that wait for news of them;
    /// orders that do not exist are left out. It takes one look at the primary key for all of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn order_pulses(
        &mut self,
        ids: &[OrderId],
    ) -> Result<HashMap<OrderId, OrderPulse>, LedgerError> {
        let ids = ids.iter().map(|id| id.as_uuid());
        let rows: Vec<(uuid::Uuid, i32, String)> = orders::table
            .filter(orders::id.eq_any(ids))
            .select((orders::id, orders::version, orders::state))
            .load(self.connection()?)?;
        rows.into_iter()
            .map(|(id, version, state)| {
                let state = crate::rows::values::parse("order state", &state)?;
                Ok((OrderId::from_uuid(id), OrderPulse { version, state }))
            })
            .collect()
    }
}
