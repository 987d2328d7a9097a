//! Events that are sent again: one at once, those of a range by the worker.

use ayolinx_core::ids::{EventId, MerchantId};
use ledger::{RangeBegun, RedeliveryRange, Source};

use super::view::{RedeliveredView, RedeliveryView};
use crate::http::error::{ApiError, ErrorCode, FieldCode, FieldError};
use crate::state::Api;

/// Sends one event again.
///
/// # Errors
/// 404.
pub async fn redeliver_event(
    api: &Api,
    merchant: MerchantId,
    id: EventId,
) -> Result<RedeliveredView, ApiError> {
    let deliveries = api
        .transact(merchant, move |tx| {
            tx.redeliver(merchant, id, Source::Merchant)
        })
        .await?;
    Ok(RedeliveredView {
        event_id: id.to_string(),
        deliveries,
    })
}

/// Records that the events of a range are to be sent again; the worker sends them.
///
/// # Errors
/// 422 when the range is too long or holds too much, 409 while one is under way.
pub async fn redeliver_range(
    api: &Api,
    merchant: MerchantId,
    range: RedeliveryRange,
) -> Result<RedeliveryView, ApiError> {
    let begun = api
        .transact(merchant, move |tx| {
            tx.begin_redelivery(merchant, &range, Source::Merchant)
        })
        .await?;
    match begun {
        RangeBegun::Accepted(events) => Ok(RedeliveryView::new(&range, events)),
        RangeBegun::OneIsRunning => Err(ApiError::new(
            ErrorCode::StateConflict,
            "a range is being sent again already; wait until its events have been queued",
        )),
        RangeBegun::BadRange => Err(wrong_range("after `from`, by at most 31 days")),
        RangeBegun::TooMany => Err(wrong_range(
            "the range holds more than 10,000 events; ask for it in parts",
        )),
    }
}

fn wrong_range(message: &str) -> ApiError {
    let error = FieldError::new("to", FieldCode::AboveMaximum, message);
    ApiError::validation_failed(vec![error])
}
