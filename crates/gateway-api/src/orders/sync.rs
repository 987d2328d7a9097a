//! `POST /v1/orders/{id}/sync`: asks the provider now.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ledger::Source;
use payment_flows::SyncOutcome;

use crate::http::error::{ApiError, ErrorCode, ProviderAnswer};
use crate::state::{Api, storage};

const TOO_SOON_SECS: u64 = 2;

/// Asks the provider about an order and returns the order with the provider's report.
///
/// # Errors
/// 404, 424 when the provider refuses to say, 429 when asked too soon again, 503 when it does not answer.
pub async fn sync_order(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
) -> Result<OrderView, ApiError> {
    match api
        .flows
        .sync(merchant, order_id, Source::Merchant)
        .await
        .map_err(storage)?
    {
        SyncOutcome::Answered => {
            api.transact(merchant, move |tx| tx.order_view(merchant, order_id))
                .await
        }
        SyncOutcome::Refused(reply) => Err(ApiError::provider_refused_to_say(
            order_id,
            ProviderAnswer {
                code: reply.code,
                message: reply.message,
            },
        )),
        SyncOutcome::NoAnswer => {
            Err(ApiError::of(ErrorCode::ProviderUnavailable).with_order(order_id))
        }
        SyncOutcome::TooSoon => Err(ApiError::new(
            ErrorCode::RateLimited,
            "an order can be synced once in 2 seconds",
        )
        .retry_after_secs(TOO_SOON_SECS)),
    }
}
