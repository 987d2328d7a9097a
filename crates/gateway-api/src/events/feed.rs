//! `/v1/events…`: shops pull events, look how they fare, and have them sent again.

use ayolinx_core::ids::{EventId, MerchantId};
use ledger::{FeedPage, RangeBegun, RedeliveryRange, Source};
use serde_json::value::RawValue;

use super::params::ListEvents;
use super::view::{EventList, RedeliveredView, RedeliveryView};
use crate::http::cursor::EventCursor;
use crate::http::error::{ApiError, ErrorCode, FieldCode, FieldError};
use crate::state::Api;

/// A page of the feed.
///
/// # Errors
/// 503 when the books are away.
pub async fn list_events(
    api: &Api,
    merchant: MerchantId,
    wanted: ListEvents,
) -> Result<EventList, ApiError> {
    let limit = i64::from(wanted.limit);
    let page: FeedPage = api
        .read(merchant, move |tx| {
            tx.feed(merchant, wanted.event_type, wanted.after.0, limit)
        })
        .await?;
    Ok(EventList {
        data: page.bodies.into_iter().map(raw).collect::<Result<_, _>>()?,
        next_cursor: EventCursor(page.next).encode(),
        has_more: page.has_more,
    })
}

/// One event, as its webhook has it.
///
/// # Errors
/// 404.
pub async fn read_event(
    api: &Api,
    merchant: MerchantId,
    id: EventId,
) -> Result<Box<RawValue>, ApiError> {
    let body = api
        .read(merchant, move |tx| tx.event_body(merchant, id))
        .await?;
    raw(body)
}

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

/// Has the events of a range sent again; the worker does it.
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

fn raw(body: Vec<u8>) -> Result<Box<RawValue>, ApiError> {
    let text = String::from_utf8(body).map_err(ApiError::internal)?;
    RawValue::from_string(text).map_err(ApiError::internal)
}
