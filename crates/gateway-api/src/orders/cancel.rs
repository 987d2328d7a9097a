//! `POST /v1/orders/{id}/cancel`.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ledger::Source;
use payment_flows::CancelOutcome;

use super::complete_create::refused;
use crate::http::error::{ApiError, ErrorCode};
use crate::state::{Api, storage};

/// Cancels an order and returns it.
///
/// # Errors
/// 404, 409, or 503 when the provider does not answer: then nothing changed.
pub async fn cancel_order(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
) -> Result<OrderView, ApiError> {
    let outcome = api
        .flows
        .cancel(merchant, order_id, Source::Merchant)
        .await
        .map_err(storage)?;
    match outcome {
        CancelOutcome::Cancelled => {
            api.transact(merchant, move |tx| tx.order_view(merchant, order_id))
                .await
        }
        CancelOutcome::Refused(refusal) => Err(refused(refusal).with_order(order_id)),
        CancelOutcome::NoAnswer => {
            Err(ApiError::of(ErrorCode::ProviderUnavailable).with_order(order_id))
        }
    }
}
