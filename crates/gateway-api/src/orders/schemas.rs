//! The JSON of orders as types, for the document only. The fields that are read and written are decided in `params`
//! and in the core's order view; the tests of the document check the two against each other.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use std::collections::BTreeMap;

use ayolinx_core::method::Method;
use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::{MethodName, Money};

/// The body of a new order.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrder {
    /// Your own order number. It is unique forever.
    #[schema(example = "INV-2026-0001", pattern = "^[A-Za-z0-9._/#:-]{1,64}$")]
    reference: String,
    /// The amount to collect, in whole rupiah and inside the channel's limits.
    amount: Money,
    /// The payment method and channel. When absent, the payer chooses on the checkout page.
    payment: Option<PaymentChoice>,
    /// The time at which the order expires: at least one second from now and at most the channel's longest life.
    /// Cannot be combined with `expires_in`.
    #[schema(format = DateTime, example = "2026-11-21T15:00:00+07:00")]
    expires_at: Option<String>,
    /// The number of seconds from now until the order expires. Cannot be combined with `expires_at`.
    #[schema(minimum = 1)]
    expires_in: Option<i64>,
    /// A description, shown to the payer.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// The payer. `name` is required for virtual account, `name` and `email` for retail and payment link, `phone` for
    /// payment link. The format of a field is checked only where the method needs the field.
    customer: Option<Customer>,
    /// The line items, for payment link only. Their total must equal `amount`.
    #[schema(max_items = 50)]
    items: Option<Vec<Item>>,
    /// The URL to which the payer returns: https (http on loopback), without a user name. Required for e-wallet;
    /// passed on for retail.
    #[schema(max_length = 2048, example = "https://shop.example.co.id/thanks")]
    return_url: Option<String>,
    /// Your own key-value pairs: at most 50 pairs and 8 KiB.
    metadata: Option<BTreeMap<String, String>>,
}

/// The method and channels of a payment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentChoice {
    /// The method.
    #[schema(value_type = MethodName)]
    method: Method,
    /// The channel's code. Required for `virtual_account` and `retail`; otherwise optional where the method has one
    /// channel.
    #[schema(example = "BNC_QRIS")]
    channel: Option<String>,
    /// The channels that a payment link offers; all that are on when absent. For `payment_link` only.
    channels: Option<Vec<String>>,
}

/// The payer.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Customer {
    #[schema(max_length = 100, example = "Budi Santoso")]
    name: Option<String>,
    #[schema(max_length = 254, example = "budi@example.co.id")]
    email: Option<String>,
    /// The phone number in any usual spelling. A number from outside Indonesia starts with `+` or `00` and the country
    /// code.
    #[schema(max_length = 64, example = "081234567890")]
    phone: Option<String>,
}

/// One line item of an order.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    #[schema(max_length = 255)]
    name: String,
    /// The price of one piece, in whole rupiah.
    #[schema(pattern = "^[0-9]{1,16}(\\.00)?$", example = "50000")]
    price: String,
    #[schema(minimum = 1, maximum = 999)]
    quantity: u16,
}

/// An order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Order {
    #[schema(pattern = "^ord_[0-9a-f]{32}$")]
    id: String,
    /// Always `order`.
    object: String,
    reference: String,
    status: OrderStatus,
    /// The version of the order, which increases by one with every change.
    #[schema(minimum = 1)]
    version: i32,
    amount: Money,
    /// The amount booked to the merchant, less the amount returned.
    paid_amount: Money,
    /// `true` when the order was paid after it had ended.
    paid_late: bool,
    #[schema(required)]
    description: Option<String>,
    #[schema(required)]
    customer: Option<Customer>,
    #[schema(required)]
    return_url: Option<String>,
    #[schema(required)]
    metadata: Option<BTreeMap<String, String>>,
    /// The URL of the payer's page. Anyone who has it can see the order.
    checkout_url: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime, required)]
    paid_at: Option<String>,
    /// The payments of the order, newest first.
    payments: Vec<Payment>,
    /// The fee that the provider keeps of the booked receipts; `null` while the fee of any of them is unknown.
    #[schema(required)]
    fee: Option<Money>,
    /// The booked receipts less the fee; `null` while the fee is unknown.
    #[schema(required)]
    net_amount: Option<Money>,
}

/// An order's state.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderStatus {
    Pending,
    Paid,
    Expired,
    Cancelled,
    Failed,
    Review,
    Refunded,
}

/// One attempt to pay an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Payment {
    /// The payment's ID, which the provider sees as its reference.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    #[schema(value_type = MethodName)]
    method: Method,
    #[schema(required)]
    channel: Option<String>,
    status: PaymentStatus,
    #[schema(required)]
    provider_reference: Option<String>,
    /// The payer's next step, only while the payment is pending.
    #[schema(required)]
    next_action: Option<NextAction>,
    #[schema(required)]
    failure: Option<Failure>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime, required)]
    paid_at: Option<String>,
    /// The sums that the provider reports as received, oldest first.
    receipts: Vec<Receipt>,
}

/// A payment's state.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    Creating,
    Unknown,
    Pending,
    Paid,
    Expired,
    Cancelled,
    Failed,
    Review,
    Refunded,
}

/// The payer's next step.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum NextAction {
    /// A QR code to scan.
    ShowQr {
        qr_string: String,
        qr_svg_url: String,
        qr_png_url: String,
    },
    /// A page to visit.
    Redirect { url: String },
    /// A virtual account number to transfer to.
    ShowVirtualAccount {
        number: String,
        bank: String,
        account_name: String,
    },
    /// A code to give at the counter.
    ShowPaymentCode {
        code: String,
        store: String,
        #[schema(required)]
        instructions_url: Option<String>,
    },
}

/// The reason why a payment ended without money.
#[derive(Serialize, ToSchema)]
pub(crate) struct Failure {
    code: String,
    message: String,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPage {
    data: Vec<Order>,
    /// The cursor of the next page; `null` on the last page, and only there.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A sum of money that the provider reports as received.
#[derive(Serialize, ToSchema)]
pub(crate) struct Receipt {
    #[schema(pattern = "^rcp_[0-9a-f]{32}$")]
    id: String,
    status: ReceiptStatus,
    /// The sum received; shown as the sum asked for where it is right by the channel's rules.
    amount: Money,
    /// The part of the amount that was returned.
    returned_amount: Money,
    /// The fee that the provider keeps of the amount.
    #[schema(required)]
    fee: Option<Money>,
    /// The amount less the fee.
    #[schema(required)]
    net_amount: Option<Money>,
    #[schema(required)]
    provider_reference: Option<String>,
    /// The retrieval reference number, by which banks identify the receipt.
    #[schema(required)]
    rrn: Option<String>,
    /// The payer's bank or wallet.
    #[schema(required)]
    issuer: Option<String>,
    #[schema(format = DateTime)]
    received_at: String,
    /// The date in Jakarta on which the receipt is due to be paid out.
    #[schema(format = Date, required)]
    settles_on: Option<String>,
    /// The settlement that paid out the receipt.
    #[schema(required)]
    settlement: Option<Settlement>,
}

/// The status of a receipt: its money is the merchant's, held until it is decided whose it is, or returned to the
/// payer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReceiptStatus {
    Booked,
    Suspense,
    Returned,
}

/// The settlement that paid out a receipt.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settlement {
    #[schema(pattern = "^stl_[0-9a-f]{32}$")]
    id: String,
    #[schema(format = Date)]
    settled_on: String,
}
