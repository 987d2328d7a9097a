//! The JSON that many calls have in common, as types for the document only.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use serde::Serialize;
use utoipa::ToSchema;

/// An amount in rupiah, as text. Requests may have no or two decimals; responses have two.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    #[schema(pattern = "^[0-9]{1,16}(\\.[0-9]{2})?$", example = "150000.00")]
    value: String,
    #[schema(pattern = "^IDR$", example = "IDR")]
    currency: String,
}

/// The name of a payment method.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MethodName {
    Qris,
    Ewallet,
    VirtualAccount,
    Retail,
    PaymentLink,
}
