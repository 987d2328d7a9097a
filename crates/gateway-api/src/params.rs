//! What merchants send: bodies, queries, path ids. Parsed by hand from a strict tree, so that every
//! field that is not right is named at once; what comes out satisfies the contract's rules (4.1, 4.3, 4.4).

mod create_order;
mod cursor;
mod customer;
mod events;
mod export;
mod field_errors;
mod fields;
mod formats;
mod items;
mod list_orders;
mod money;
mod named_payment;
mod payment;
mod query;
mod refund;
mod report;
mod requirements;
mod webhook_endpoint;

use std::str::FromStr;

use crate::error::{ApiError, ErrorCode};
use crate::json::JsonTree;

pub use create_order::{CreateOrder, NamedOrder};
pub use cursor::{Cursor, EventCursor};
pub use events::{ListEvents, parse_redelivery};
pub use export::{ExportFormat, ExportOrders};
pub use field_errors::{FieldErrors, Judged};
pub use items::Item;
pub use list_orders::{
    LIMIT_DEFAULT, LIMIT_MAX, ListOrders, OrderFilters, WAIT_SECS_MAX, WaitForOrder,
};
pub use named_payment::NamedPayment;
pub use payment::{OrderFacts, PaymentChoice, RequestedPayment};
pub use query::{Query, no_query};
pub use refund::{AskRefund, CompleteRefund, ResolveReview};
pub use report::parse_report_date;
pub use webhook_endpoint::{ChangeEndpoint, CreateEndpoint};

/// Reads an id out of a path; what does not parse cannot exist.
///
/// # Errors
/// 404 `not_found`.
pub fn path_id<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::of(ErrorCode::NotFound))
}

/// Accepts a body without any field (`POST …/cancel`, `…/sync`, …): absent or `{}`.
///
/// # Errors
/// 422 naming every field that was sent.
pub fn no_fields(body: &JsonTree) -> Result<(), ApiError> {
    let mut errors = FieldErrors::default();
    let _fields = fields::Fields::root(body, &[], &mut errors);
    errors.into_result(())
}

/// The names each body may have, for the test that holds the OpenAPI document against them.
#[cfg(test)]
pub(crate) mod known {
    pub(crate) use super::create_order::FIELDS as CREATE_ORDER;
    pub(crate) use super::customer::FIELDS as CUSTOMER;
    pub(crate) use super::events::{EVENT_PARAMETERS, REDELIVER_FIELDS};
    pub(crate) use super::export::EXPORT_PARAMETERS;
    pub(crate) use super::items::FIELDS as ITEM;
    pub(crate) use super::list_orders::LIST_PARAMETERS;
    pub(crate) use super::money::FIELDS as MONEY;
    pub(crate) use super::payment::FIELDS as PAYMENT;
    pub(crate) use super::refund::{ASK_FIELDS, COMPLETE_FIELDS, PAYEE_FIELDS, RESOLVE_FIELDS};
    pub(crate) use super::report::REPORT_PARAMETERS;
    pub(crate) use super::webhook_endpoint::FIELDS as WEBHOOK_ENDPOINT;
}
