//! The bodies about refunds and reviews as types, for the document only.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::Money;

/// A refund to be recorded.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRefund {
    /// The amount to refund; all that is left when absent.
    amount: Option<Money>,
    /// The reason for the refund.
    #[schema(max_length = 255, example = "Barang rusak")]
    reason: String,
    /// The account to receive the money, for whoever makes the transfer.
    payee: Option<PayeeWanted>,
}

/// The account to receive the money of a refund.
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

/// The report that the money of a refund was returned.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteRefund {
    /// The evidence of the return, such as the number of the transfer.
    #[schema(max_length = 500, example = "BCA 2026-11-21 ref 88123")]
    evidence: String,
}

/// The decision about money under review.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveReview {
    action: ReviewAction,
    /// The reason for the decision, shown in the timeline.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// The action to take.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewAction {
    Accept,
    Refund,
    Reject,
}
