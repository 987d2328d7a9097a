//! The JSON of orders as types, for the document only. What is read and written is decided in
//! `params` and in the core's order view; the tests of the document hold the two against each other.
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
    /// Your own order number; unique for ever.
    #[schema(example = "INV-2026-0001", pattern = "^[A-Za-z0-9._/#:-]{1,64}$")]
    reference: String,
    /// Whole rupiah, inside the channel's limits.
    amount: Money,
    /// Absent: the payer chooses on the checkout page.
    payment: Option<PaymentChoice>,
    /// At least a second ahead, at most the channel's longest. Not together with `expires_in`.
    #[schema(format = DateTime, example = "2026-11-21T15:00:00+07:00")]
    expires_at: Option<String>,
    /// Seconds from now. Not together with `expires_at`.
    #[schema(minimum = 1)]
    expires_in: Option<i64>,
    /// Shown to the payer.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// `name` is needed for virtual account; `name` and `email` for retail and payment link; `phone` for payment link.
    /// A format is judged only where the method needs the field.
    customer: Option<Customer>,
    /// Only for payment link; must add up to `amount`.
    #[schema(max_items = 50)]
    items: Option<Vec<Item>>,
    /// Needed for e-wallet, passed on for retail. https (http on loopback), no user name.
    #[schema(max_length = 2048, example = "https://shop.example.co.id/thanks")]
    return_url: Option<String>,
    /// At most 50 pairs and 8 KiB.
    metadata: Option<BTreeMap<String, String>>,
}

/// How the payer pays.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentChoice {
    /// The method.
    #[schema(value_type = MethodName)]
    method: Method,
    /// Required for virtual_account and retail; else optional where the method has one channel.
    #[schema(example = "BNC_QRIS")]
    channel: Option<String>,
    /// Only for payment_link; all that are on when absent.
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
    /// Any usual spelling; other than Indonesian ones with `+` or `00` and the country code.
    #[schema(max_length = 64, example = "081234567890")]
    phone: Option<String>,
}

/// One line of what is sold.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    #[schema(max_length = 255)]
    name: String,
    /// Of one piece; whole rupiah.
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
    /// Grows by one with every change.
    #[schema(minimum = 1)]
    version: i32,
    amount: Money,
    /// What is booked to the merchant less what went back.
    paid_amount: Money,
    /// Paid after it had ended.
    paid_late: bool,
    #[schema(required)]
    description: Option<String>,
    #[schema(required)]
    customer: Option<Customer>,
    #[schema(required)]
    return_url: Option<String>,
    #[schema(required)]
    metadata: Option<BTreeMap<String, String>>,
    /// The payer's page; whoever has it can see the order.
    checkout_url: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime, required)]
    paid_at: Option<String>,
    /// Newest first.
    payments: Vec<Payment>,
    /// What the provider keeps of the booked receipts; `null` while one of theirs is not known.
    #[schema(required)]
    fee: Option<Money>,
    /// The booked receipts less the fee; `null` while that is not known.
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
    /// What the provider sees as its reference.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    id: String,
    #[schema(value_type = MethodName)]
    method: Method,
    #[schema(required)]
    channel: Option<String>,
    status: PaymentStatus,
    #[schema(required)]
    provider_reference: Option<String>,
    /// What the payer does; only while pending.
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
    /// The sums that the provider says it received, oldest first.
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

/// What the payer does next.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum NextAction {
    /// Scans a QR code.
    ShowQr {
        qr_string: String,
        qr_svg_url: String,
        qr_png_url: String,
    },
    /// Goes to a page.
    Redirect { url: String },
    /// Transfers to a number.
    ShowVirtualAccount {
        number: String,
        bank: String,
        account_name: String,
    },
    /// Tells a code at the counter.
    ShowPaymentCode {
        code: String,
        store: String,
        #[schema(required)]
        instructions_url: Option<String>,
    },
}

/// Why a payment ended without money.
#[derive(Serialize, ToSchema)]
pub(crate) struct Failure {
    code: String,
    message: String,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPage {
    data: Vec<Order>,
    /// `null` on the last page, and only there.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// One sum of money that the provider says it received.
#[derive(Serialize, ToSchema)]
pub(crate) struct Receipt {
    #[schema(pattern = "^rcp_[0-9a-f]{32}$")]
    id: String,
    status: ReceiptStatus,
    /// The sum: what was asked for where it is the right one.
    amount: Money,
    /// How much of it went back.
    returned_amount: Money,
    /// What the provider keeps of it.
    #[schema(required)]
    fee: Option<Money>,
    /// The amount less the fee.
    #[schema(required)]
    net_amount: Option<Money>,
    #[schema(required)]
    provider_reference: Option<String>,
    /// Retrieval reference number, by which banks speak of it.
    #[schema(required)]
    rrn: Option<String>,
    /// The payer's bank or wallet.
    #[schema(required)]
    issuer: Option<String>,
    #[schema(format = DateTime)]
    received_at: String,
    /// The day on which it is to be paid out, in Jakarta.
    #[schema(format = Date, required)]
    settles_on: Option<String>,
    /// How it was paid out.
    #[schema(required)]
    settlement: Option<Settlement>,
}

/// Where the money of a receipt is: the merchant's, held until it is decided whose it is, or back
/// with the payer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReceiptStatus {
    Booked,
    Suspense,
    Returned,
}

/// How a receipt was paid out.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settlement {
    #[schema(pattern = "^stl_[0-9a-f]{32}$")]
    id: String,
    #[schema(format = Date)]
    settled_on: String,
}
