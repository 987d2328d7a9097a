//! The order's JSON (contract 4.2), made here and nowhere else: API replies, webhooks and
//! `gatewayctl` all print this.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::accounting::receipt::Receipt;
use crate::orders::payment_instructions::Artefact;
use crate::values::ids::{OrderId, PaymentId};
use crate::values::method::Method;
use crate::values::money::{Amount, Money};
use crate::values::states::{OrderState, PaymentState};

mod receipts;

pub use receipts::{ReceiptStatus, ReceiptView, SettlementView};
use receipts::{fee_and_net, receipt_view};

const JAKARTA_OFFSET_SECONDS: i32 = 7 * 3600;

/// Formats a time in RFC 3339, with milliseconds and `+07:00` (contract 4).
#[must_use]
pub fn jakarta_millis(at: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(JAKARTA_OFFSET_SECONDS) {
        Some(jakarta) => at
            .with_timezone(&jakarta)
            .to_rfc3339_opts(SecondsFormat::Millis, false),
        None => at.to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

/// The payer, as the merchant named them. Debug prints nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer([redacted])")
    }
}

/// Everything known of an order that its JSON shows.
#[derive(Debug, Clone)]
pub struct OrderRecord {
    /// Identity.
    pub id: OrderId,
    /// The merchant's own order number.
    pub reference: String,
    /// State.
    pub state: OrderState,
    /// Number of the version; grows by one with every change.
    pub version: i32,
    /// The amount that is asked for.
    pub amount: Amount,
    /// The amount booked to the merchant less what went back.
    pub paid_amount: Amount,
    /// Set when it was paid after it had ended.
    pub paid_late: bool,
    /// Free text.
    pub description: Option<String>,
    /// The payer; `None` when not given or erased.
    pub customer: Option<Customer>,
    /// The page to which the wallet sends the payer back.
    pub return_url: Option<String>,
    /// The merchant's own pairs.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The secret part of the checkout link.
    pub checkout_token: String,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// Time of payment.
    pub paid_at: Option<DateTime<Utc>>,
    /// Its payments, newest first.
    pub payments: Vec<PaymentRecord>,
}

/// Everything known of a payment that its order's JSON shows.
#[derive(Debug, Clone)]
pub struct PaymentRecord {
    /// Identity.
    pub id: PaymentId,
    /// Method.
    pub method: Method,
    /// Channel; `None` for a payment link.
    pub channel: Option<String>,
    /// State.
    pub state: PaymentState,
    /// The provider's number.
    pub provider_reference: Option<String>,
    /// The payable artefact, which the payer needs.
    pub artefact: Option<Artefact>,
    /// The reason why it ended.
    pub failure: Option<Failure>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// Time of payment.
    pub paid_at: Option<DateTime<Utc>>,
    /// The sums received for it, in the order in which they were first reported.
    pub receipts: Vec<Receipt>,
}

/// The reason why a payment ended without money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable code: the provider's `responseCode`, or `artefact_lost` and the like.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// The addresses of the public pages.
#[derive(Debug, Clone)]
pub struct Links {
    /// Origin without a trailing slash.
    pub checkout_origin: String,
}

impl Links {
    fn page(&self, order: &OrderRecord, leaf: &str) -> String {
        format!(
            "{}/pay/{}{leaf}?t={}",
            self.checkout_origin, order.id, order.checkout_token
        )
    }
}

/// The order as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// `ord_…`.
    pub id: OrderId,
    /// Always `order`.
    pub object: String,
    /// The merchant's own order number.
    pub reference: String,
    /// State.
    pub status: OrderState,
    /// Number of the version; grows by one with every change.
    pub version: i32,
    /// The amount that is asked for.
    pub amount: Money,
    /// The amount booked to the merchant less what went back.
    pub paid_amount: Money,
    /// Set when it was paid after it had ended.
    pub paid_late: bool,
    /// Free text.
    pub description: Option<String>,
    /// The payer.
    pub customer: Option<Customer>,
    /// The page to which the wallet sends the payer back.
    pub return_url: Option<String>,
    /// The merchant's own pairs.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The payer's page.
    pub checkout_url: String,
    /// Time of creation.
    pub created_at: String,
    /// Time of the last change.
    pub updated_at: String,
    /// End of its time.
    pub expires_at: String,
    /// Time of payment.
    pub paid_at: Option<String>,
    /// Its payments, newest first.
    pub payments: Vec<PaymentView>,
    /// The fee that the provider keeps of the booked receipts; `null` while one of theirs is not
    /// known.
    #[serde(default)]
    pub fee: Option<Money>,
    /// The booked receipts less the fee; `null` while that is not known.
    #[serde(default)]
    pub net_amount: Option<Money>,
}

/// One payment inside the order's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentView {
    /// 32 hex digits; the provider sees the same text.
    pub id: PaymentId,
    /// Method.
    pub method: String,
    /// Channel.
    pub channel: Option<String>,
    /// State.
    pub status: PaymentState,
    /// The provider's number.
    pub provider_reference: Option<String>,
    /// The payer's next step; only while pending.
    pub next_action: Option<NextAction>,
    /// The reason why it ended.
    pub failure: Option<Failure>,
    /// Time of creation.
    pub created_at: String,
    /// End of its time.
    pub expires_at: String,
    /// Time of payment.
    pub paid_at: Option<String>,
    /// The sums that the provider says it received, oldest first.
    #[serde(default)]
    pub receipts: Vec<ReceiptView>,
}

/// The payer's next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NextAction {
    /// Scan a QR.
    ShowQr {
        /// The EMVCo text.
        qr_string: String,
        /// The picture as SVG.
        qr_svg_url: String,
        /// The picture as PNG.
        qr_png_url: String,
    },
    /// Go to a page.
    Redirect {
        /// The page's URL.
        url: String,
    },
    /// Transfer to a number.
    ShowVirtualAccount {
        /// The number.
        number: String,
        /// The bank.
        bank: String,
        /// The name the bank shows.
        account_name: String,
    },
    /// Tell a code at the counter.
    ShowPaymentCode {
        /// The code.
        code: String,
        /// The chain.
        store: String,
        /// Instructions.
        instructions_url: Option<String>,
    },
}

impl OrderView {
    /// Creates the JSON of an order.
    #[must_use]
    pub fn new(order: &OrderRecord, links: &Links) -> Self {
        let payments: Vec<PaymentView> = order
            .payments
            .iter()
            .map(|payment| payment_view(order, payment, links))
            .collect();
        let (fee, net_amount) = fee_and_net(order);
        Self {
            id: order.id,
            object: "order".to_owned(),
            reference: order.reference.clone(),
            status: order.state,
            version: order.version,
            amount: order.amount.into(),
            paid_amount: order.paid_amount.into(),
            paid_late: order.paid_late,
            description: order.description.clone(),
            customer: order.customer.clone(),
            return_url: order.return_url.clone(),
            metadata: order.metadata.clone(),
            checkout_url: links.page(order, ""),
            created_at: jakarta_millis(order.created_at),
            updated_at: jakarta_millis(order.updated_at),
            expires_at: jakarta_millis(order.expires_at),
            paid_at: order.paid_at.map(jakarta_millis),
            payments,
            fee: fee.map(Money::from),
            net_amount: net_amount.map(Money::from),
        }
    }
}

fn payment_view(order: &OrderRecord, payment: &PaymentRecord, links: &Links) -> PaymentView {
    let next_action = match payment.state {
        PaymentState::Pending => payment
            .artefact
            .as_ref()
            .map(|artefact| next_action(order, artefact, links)),
        PaymentState::Creating
        | PaymentState::Unknown
        | PaymentState::Paid
        | PaymentState::Expired
        | PaymentState::Cancelled
        | PaymentState::Failed
        | PaymentState::Review
        | PaymentState::Refunded => None,
    };
    PaymentView {
        id: payment.id,
        method: payment.method.as_str().to_owned(),
        channel: payment.channel.clone(),
        status: payment.state,
        provider_reference: payment.provider_reference.clone(),
        next_action,
        failure: payment.failure.clone(),
        created_at: jakarta_millis(payment.created_at),
        expires_at: jakarta_millis(payment.expires_at),
        paid_at: payment.paid_at.map(jakarta_millis),
        receipts: payment.receipts.iter().filter_map(receipt_view).collect(),
    }
}

fn next_action(order: &OrderRecord, artefact: &Artefact, links: &Links) -> NextAction {
    match artefact {
        Artefact::Qr { qr_string } => NextAction::ShowQr {
            qr_string: qr_string.clone(),
            qr_svg_url: links.page(order, "/qr.svg"),
            qr_png_url: links.page(order, "/qr.png"),
        },
        Artefact::Redirect { url, link_code: _ } => NextAction::Redirect { url: url.clone() },
        Artefact::VirtualAccount {
            number,
            bank,
            account_name,
        } => NextAction::ShowVirtualAccount {
            number: number.clone(),
            bank: bank.clone(),
            account_name: account_name.clone(),
        },
        Artefact::PaymentCode {
            code,
            store,
            instructions_url,
        } => NextAction::ShowPaymentCode {
            code: code.clone(),
            store: store.clone(),
            instructions_url: instructions_url.clone(),
        },
    }
}
