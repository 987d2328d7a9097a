//! The JSON of receipts, refunds and reviews as types, for the document only.

use serde::Serialize;
use utoipa::ToSchema;

use super::Money;

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

/// A refund to be recorded.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRefund {
    /// All that is left when absent.
    amount: Option<Money>,
    /// Why.
    #[schema(max_length = 255, example = "Barang rusak")]
    reason: String,
    /// Where the money is to go, for who makes the transfer.
    payee: Option<PayeeWanted>,
}

/// Where the money of a refund is to go.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayeeWanted {
    #[schema(max_length = 64, example = "BCA")]
    bank: String,
    #[schema(max_length = 34, pattern = "^[A-Za-z0-9 -]+$", example = "1234567890")]
    account: String,
    #[schema(max_length = 100, example = "Budi Santoso")]
    name: String,
}

/// That a refund went back.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteRefund {
    /// What shows it, such as the number of the transfer.
    #[schema(max_length = 500, example = "BCA 2026-11-21 ref 88123")]
    evidence: String,
}

/// What becomes of money under review.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveReview {
    action: ReviewAction,
    /// Why; stands in the timeline.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// What is done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewAction {
    Accept,
    Refund,
    Reject,
}
