//! A refund as shops see it.

use ayolinx_core::money::Money;
use ayolinx_core::order_view::jakarta_millis;
use ledger::RefundLine;
use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::Money as MoneySchema;

/// Money that goes back to a payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    /// Its id.
    #[schema(pattern = "^rfd_[0-9a-f]{32}$")]
    pub id: String,
    /// Always `refund`.
    pub object: &'static str,
    /// The order.
    #[schema(pattern = "^ord_[0-9a-f]{32}$")]
    pub order_id: String,
    /// The payment whose money it is.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub payment_id: String,
    /// How much.
    #[schema(value_type = MoneySchema)]
    pub amount: Money,
    /// Why, in the shop's words.
    pub reason: String,
    /// `manual_required`: the provider has no call for it, so somebody gives the money back and says
    /// so; `completed`: it went back, and is in the books; `cancelled`: it is not wanted any more, or
    /// less than it is left.
    #[schema(pattern = "^(manual_required|completed|cancelled)$")]
    pub status: String,
    /// What shows that it went back; `null` until then, and when the provider announced it.
    #[schema(required)]
    pub evidence: Option<String>,
    /// `merchant`, `operator` or `provider`.
    #[schema(required)]
    pub completed_by: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was completed.
    #[schema(format = DateTime, required)]
    pub completed_at: Option<String>,
    /// Where the money is to go.
    #[schema(required)]
    pub payee: Option<PayeeView>,
    /// `merchant`, `operator`, or `gateway` where less than it was left.
    #[schema(required)]
    pub cancelled_by: Option<String>,
    /// When it was cancelled.
    #[schema(format = DateTime, required)]
    pub cancelled_at: Option<String>,
}

/// Where the money of a refund is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Payee)]
pub struct PayeeView {
    /// The bank or wallet.
    pub bank: String,
    /// The account's number.
    pub account: String,
    /// Whose it is.
    pub name: String,
}

impl RefundView {
    /// The view of a line.
    #[must_use]
    pub fn new(line: RefundLine) -> Self {
        Self {
            id: line.id.to_string(),
            object: "refund",
            order_id: line.order_id.to_string(),
            payment_id: line.payment_id.to_string(),
            amount: line.amount.into(),
            reason: line.reason,
            status: line.state,
            evidence: line.evidence,
            completed_by: line.completed_by,
            created_at: jakarta_millis(line.created_at),
            completed_at: line.completed_at.map(jakarta_millis),
            payee: line.payee.map(|payee| PayeeView {
                bank: payee.bank,
                account: payee.account,
                name: payee.name,
            }),
            cancelled_by: line.cancelled_by,
            cancelled_at: line.cancelled_at.map(jakarta_millis),
        }
    }
}

/// Every refund of an order, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefundList {
    /// The refunds.
    pub data: Vec<RefundView>,
}
