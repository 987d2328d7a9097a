//! What the JSON of many calls has in common, as types for the document only.
#![expect(
    dead_code,
    reason = "these types are never made; only their schemas are"
)]

use serde::Serialize;
use utoipa::ToSchema;

/// Rupiah as text: no or two decimals in, two out.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Money {
    #[schema(pattern = "^[0-9]{1,16}(\\.[0-9]{2})?$", example = "150000.00")]
    value: String,
    #[schema(pattern = "^IDR$", example = "IDR")]
    currency: String,
}

/// A method's name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MethodName {
    Qris,
    Ewallet,
    VirtualAccount,
    Retail,
    PaymentLink,
}
