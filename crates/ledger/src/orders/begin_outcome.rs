//! A request to create, and its outcome (contract 4.1, idempotency).

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::money::Amount;
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::order_view::Customer;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::payments::create_call::{Call, NewPayment};
use crate::rows::creations::StoredReply;

/// An order to be made.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Identity.
    pub id: OrderId,
    /// The merchant that it belongs to.
    pub merchant_id: MerchantId,
    /// The merchant's own number.
    pub reference: String,
    /// The amount to be paid.
    pub amount: Amount,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// Free text.
    pub description: Option<String>,
    /// The payer.
    pub customer: Option<Customer>,
    /// Items as JSON.
    pub items: Option<String>,
    /// The page to which the wallet sends the payer back.
    pub return_url: Option<String>,
    /// The merchant's pairs as JSON.
    pub metadata: Option<String>,
    /// The secret part of the checkout link.
    pub checkout_token: String,
    /// The payment to make at once; `None`: the payer chooses.
    pub payment: Option<NewPayment>,
}

/// The outcome of a create request.
#[derive(Debug)]
pub enum Begun {
    /// The intent is committed: the call is to be sent.
    Send {
        /// The call.
        call: Box<Call>,
        /// The creation whose reply is to be kept, when it has one.
        creation: Option<Uuid>,
    },
    /// A new order whose payer chooses; its reply is to be kept.
    Created {
        /// The order.
        order_id: OrderId,
        /// The creation.
        creation: Uuid,
    },
    /// A first request: nobody asked for it before. Returned only to callers that look and do not claim.
    New,
    /// The request was made before and answered: the same bytes again.
    Replay(StoredReply),
    /// The request was made before and its outcome is not known yet: 202 with the order as it is.
    Resolving(OrderId),
    /// The request was made before and resolved since: its reply is to be made and kept now.
    Settled {
        /// The order.
        order_id: OrderId,
        /// The creation, when it has one.
        creation: Option<Uuid>,
        /// `true` when the provider refused it.
        refused: bool,
        /// The payment that decided it.
        payment_id: PaymentId,
    },
    /// The payer's data was erased since, and the reply with it.
    Erased(OrderId),
    /// An open payment of that method and channel is there already (200).
    Open(OrderId),
    /// A concurrent duplicate is under way.
    InFlight,
    /// The key was used for another request.
    KeyReused,
    /// The reference is taken by another request.
    ReferenceExists(OrderId),
    /// The order's state forbids it.
    Refused(OrderRefusal),
    /// Too many payments were made on the order.
    TooManyPayments,
}
