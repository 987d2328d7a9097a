//! `POST /v1/orders/{id}/payments`: pay another way, or retry a failed payment.

use ayolinx_core::ids::{MerchantId, OrderId};
use chrono::{DateTime, Utc};
use ledger::{Claim, Tx};

use super::create_order::new_payment;
use super::settle::{OrderReply, begin_and_settle};
use crate::error::ApiError;
use crate::params::PaymentChoice;
use crate::state::Api;

/// An order to be paid in a further way.
pub struct AddPayment {
    /// The order.
    pub order_id: OrderId,
    /// How; already held against the order.
    pub choice: PaymentChoice,
    /// When the order ends.
    pub order_expires_at: DateTime<Utc>,
}

/// Opens a further payment on an order.
///
/// # Errors
/// As the tables of contract 4.1 and 4.3 say.
pub async fn add_payment(
    api: &Api,
    merchant: MerchantId,
    wanted: AddPayment,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<OrderReply, ApiError> {
    let order_id = wanted.order_id;
    let payment = new_payment(api.channels(), wanted.choice, wanted.order_expires_at, now);
    let begin = || {
        let (payment, claim) = (payment.clone(), claim.clone());
        let untaken = api.notes().on_untaken();
        let begin = move |tx: &mut Tx<'_>| tx.begin_payment(merchant, order_id, &payment, &claim);
        let ledger = api.ledger().for_merchant(merchant);
        async move { ledger.begin(begin, untaken).await }
    };
    begin_and_settle(api, merchant, begin).await
}
