//! The body of `POST /v1/orders/{id}/payments`: its shape and, apart from it, its check against the
//! channel table.

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::method::Method;

use super::payment::{FIELDS, OPTIONAL, RequestedPayment, read_payment};
use crate::http::error::ApiError;
use crate::http::field_errors::{FieldErrors, Judged};
use crate::http::fields::Fields;
use crate::http::json::JsonTree;

/// A body of `POST …/payments` whose shape is right.
#[derive(Debug)]
pub struct NamedPayment {
    /// The method.
    pub method: Method,
    /// The channel, where the shop named one.
    pub channel: Option<String>,
    /// The payment as checked against the channel table now.
    pub judged: Judged<RequestedPayment>,
}

impl NamedPayment {
    /// Reads the body of `POST /v1/orders/{id}/payments`.
    ///
    /// # Errors
    /// 422 `validation_failed` naming every field, when the shape is not right.
    pub fn read(body: &JsonTree, table: &ChannelTable) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, FIELDS, &mut errors);
        let requested = read_payment(fields, table, &mut errors);
        let judged = errors.into_judged(requested)?;
        let mut known = FieldErrors::default();
        let fields = Fields::root(body, FIELDS, &mut known).with_optional(OPTIONAL);
        let text = |name| fields.text(name, &mut FieldErrors::default());
        let method = text("method").and_then(|name| name.parse().ok());
        Ok(Self {
            method: method.ok_or_else(|| ApiError::internal("a payment without a method"))?,
            channel: text("channel").map(str::to_owned),
            judged,
        })
    }
}

impl RequestedPayment {
    /// Does [`NamedPayment::read`] for a body that nobody sent before.
    ///
    /// # Errors
    /// 422 `validation_failed` or `channel_unavailable`.
    pub fn parse(body: &JsonTree, table: &ChannelTable) -> Result<Self, ApiError> {
        NamedPayment::read(body, table)?.judged
    }
}
