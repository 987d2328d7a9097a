//! Events as shops pull them: a page of the feed, or one.

use ayolinx_core::ids::{EventId, MerchantId};
use ledger::FeedPage;
use serde_json::value::RawValue;

use super::params::ListEvents;
use super::view::EventList;
use crate::http::cursor::EventCursor;
use crate::http::error::ApiError;
use crate::state::Api;

/// Reads a page of the feed.
///
/// # Errors
/// 503 when the ledger is away.
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

/// Reads one event, as its webhook has it.
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

fn raw(body: Vec<u8>) -> Result<Box<RawValue>, ApiError> {
    let text = String::from_utf8(body).map_err(ApiError::internal)?;
    RawValue::from_string(text).map_err(ApiError::internal)
}
