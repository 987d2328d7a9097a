//! What the payer's page needs: the order and the name of the shop.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderRecord;
use diesel::prelude::*;

use crate::error::LedgerError;
use crate::schema::merchants;
use crate::tx::Tx;

/// An order as its payer sees it.
#[derive(Debug, Clone)]
pub struct CheckoutOrder {
    /// The order.
    pub order: OrderRecord,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The name of the shop.
    pub shop: String,
}

impl Tx<'_> {
    /// Any order with its shop's name; the caller compares the link's token.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn checkout_order(&mut self, id: OrderId) -> Result<CheckoutOrder, LedgerError> {
        let row = self.find_order(id)?;
        let shop = merchants::table
            .find(row.merchant_id)
            .select(merchants::name)
            .first(self.connection()?)?;
        let payments = self.payments_of(row.id)?;
        let payer = self.payer_of(row.id)?;
        Ok(CheckoutOrder {
            order: row.record(&payments, payer.as_ref())?,
            merchant_id: row.merchant_id(),
            shop,
        })
    }
}
