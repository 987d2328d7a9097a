//! Reading: one order, held until it changes if the caller likes, and pages of them.

use std::time::Duration;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ledger::{OrderFilter, OrderPage, PageEnd};
use tokio::time::Instant;

use crate::error::ApiError;
use crate::params::{Cursor, ListOrders, WaitForOrder};
use crate::state::{Api, PULSE};

/// One order; with `wait`, held until its version exceeds the one named (default: as it is now) or
/// its state is final.
///
/// # Errors
/// 404, or 503 when the books are away.
pub async fn read_order(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    wait: WaitForOrder,
) -> Result<OrderView, ApiError> {
    let until = Instant::now() + Duration::from_secs(wait.wait_secs.into());
    let mut seen = wait.version;
    // When too many are held already, this one is answered at once: reads come last.
    let place = api.waiters.try_acquire();
    while place.is_ok() && Instant::now() < until {
        let pulse = api
            .read(merchant, move |tx| tx.order_pulse(merchant, order_id))
            .await?;
        let since = *seen.get_or_insert(pulse.version);
        if pulse.version > since || pulse.state.is_final() {
            break;
        }
        let rest = until.saturating_duration_since(Instant::now());
        tokio::time::sleep(PULSE.min(rest)).await;
    }
    api.read(merchant, move |tx| tx.order_view(merchant, order_id))
        .await
}

/// A page of orders, newest first.
///
/// # Errors
/// 503 when the books are away.
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
