//! Reading: one order, held until it changes if the caller likes, and pages of them.

use std::time::Duration;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ledger::{OrderFilter, OrderPage, PageEnd};
use tokio::time::Instant;

use super::params::list_orders::{ListOrders, WaitForOrder};
use crate::admission::order_watch::{News, Watch};
use crate::http::cursor::Cursor;
use crate::http::error::ApiError;
use crate::state::Api;

/// Reads one order. With `wait`, the read is held until the order's version exceeds the one named (default: its
/// version now) or its state is final. A held read costs the ledger one look when it begins and one when there is
/// news; in between it waits with all others for the same watcher.
///
/// # Errors
/// 404, or 503 when the ledger is away as it begins.
pub async fn read_order(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    wait: WaitForOrder,
) -> Result<OrderView, ApiError> {
    let until = Instant::now() + Duration::from_secs(wait.wait_secs.into());
    let read = || api.read(merchant, move |tx| tx.order_view(merchant, order_id));
    if wait.wait_secs == 0 {
        return read().await;
    }
    // Before the first look, so that no change falls between it and the wait. When too many are held already, this
    // one is answered at once: reads come last.
    let watch = api.watching.hold_read(merchant, order_id);
    let known = read().await?;
    let since = wait.version.unwrap_or(known.version);
    let is_news = known.version > since || known.status.is_final();
    let Some(watch) = watch.filter(|_| !is_news) else {
        return Ok(known);
    };
    if !news(watch, since, until).await {
        return Ok(known);
    }
    // An old view is better than none.
    Ok(read().await.unwrap_or(known))
}

/// Returns whether the order came past this version, or into a final state, in time.
async fn news(mut watch: Watch, since: i32, until: Instant) -> bool {
    loop {
        match tokio::time::timeout_at(until, watch.next()).await {
            Ok(News::Order(pulse)) if pulse.version > since || pulse.state.is_final() => {
                return true;
            }
            Ok(News::Order(_) | News::Quiet) => {}
            Ok(News::Over) | Err(_) => return false,
        }
    }
}

/// Reads a page of orders, newest first.
///
/// # Errors
/// 503 when the ledger is away.
pub async fn list_orders(
    api: &Api,
    merchant: MerchantId,
    wanted: ListOrders,
) -> Result<OrderPage, ApiError> {
    let filter = OrderFilter::from(wanted.filters);
    let after = wanted.cursor.map(|cursor: Cursor| PageEnd {
        created_at: cursor.created_at,
        id: OrderId::from_uuid(cursor.id),
    });
    let limit = i64::from(wanted.limit);
    api.read(merchant, move |tx| {
        tx.list_orders(merchant, &filter, after, limit)
    })
    .await
}
