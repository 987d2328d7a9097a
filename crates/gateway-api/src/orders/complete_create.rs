//! The path from a begun create request to its reply. The request is sent, replayed, resolved or
//! refused, and the first final reply is kept (contract 4.1).

use std::time::Duration;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::order_view::OrderView;
use ayolinx_core::states::PaymentState;
use ledger::{Begun, Call, CallOutcome, KeepReply, LedgerError, StoredReply, Tx};
use payment_flows::Opened;
use service_shell::request_id;
use tokio::time::Instant;
use uuid::Uuid;

use crate::http::error::{ApiError, ErrorCode, ProviderAnswer};
use crate::idempotency::reply::OrderReply;
use crate::state::{Api, storage};

/// The longest wait of a concurrent duplicate for the request under way.
const TWIN_PATIENCE: Duration = Duration::from_secs(2);
const TWIN_PAUSE: Duration = Duration::from_millis(40);
/// Number of times that a look-up is repeated after a commit of a concurrent duplicate.
const CONFLICTS_MAX: u32 = 5;
/// `Retry-After` in seconds for a call that could not be sent to the provider.
const PROVIDER_RETRY_SECS: u64 = 5;

/// The owner of a create, and its channel where that is known: the create holds a slot of their
/// shares.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'c> {
    /// The shop.
    pub merchant: MerchantId,
    /// The channel.
    pub channel: Option<&'c str>,
}

/// Begins again after each commit of a concurrent duplicate, within the limit, then settles.
///
/// # Errors
/// As in the contract's tables.
pub async fn begin_and_settle<B, F>(
    api: &Api,
    maker: Maker<'_>,
    begin: B,
) -> Result<OrderReply, ApiError>
where
    B: Fn() -> F,
    F: Future<Output = Result<Begun, LedgerError>>,
{
    let never = ApiError::internal("what is claimed is not new");
    settle_earlier_or_refuse(api, maker, begin, never).await
}

/// Settles the work that an earlier request began, as `earlier` finds it; returns `refusal` when
/// there is none.
///
/// # Errors
/// As in the contract's tables, and the refusal.
pub async fn settle_earlier_or_refuse<B, F>(
    api: &Api,
    maker: Maker<'_>,
    earlier: B,
    refusal: ApiError,
) -> Result<OrderReply, ApiError>
where
    B: Fn() -> F,
    F: Future<Output = Result<Begun, LedgerError>>,
{
    // Before anything is written: a create that begins is also finished.
    let _place = api.creates.enter(maker.merchant, maker.channel)?;
    let deadline = Instant::now() + TWIN_PATIENCE;
    let mut conflicts = 0;
    loop {
        match earlier().await {
            Ok(Begun::InFlight) if Instant::now() < deadline => {
                tokio::time::sleep(TWIN_PAUSE).await;
            }
            Ok(Begun::New) => return Err(refusal),
            Ok(begun) => return settle(api, maker.merchant, begun).await,
            Err(LedgerError::Conflict(_)) if conflicts < CONFLICTS_MAX => conflicts += 1,
            Err(error) => return Err(storage(error)),
        }
    }
}

async fn settle(api: &Api, merchant: MerchantId, begun: Begun) -> Result<OrderReply, ApiError> {
    match begun {
        Begun::Send { call, creation } => send(api, *call, creation).await,
        Begun::Created { order_id, creation } => {
            keep_order(api, merchant, order_id, Some(creation)).await
        }
        Begun::Replay(stored) => Ok(OrderReply::fresh(stored).again()),
        Begun::Resolving(order_id) => order_now(api, merchant, order_id, 202)
            .await
            .map(OrderReply::again),
        Begun::Open(order_id) => order_now(api, merchant, order_id, 200).await,
        Begun::Settled {
            order_id,
            creation,
            refused: true,
            payment_id,
        } => {
            let payment = payment_id.to_string();
            let found = api
                .transact(merchant, move |tx| tx.order_view(merchant, order_id))
                .await?;
            let failure = found
                .payments
                .into_iter()
                .find(|shown| shown.id.to_string() == payment)
                .and_then(|shown| shown.failure);
            let (code, message) = failure
                .map(|failure| (failure.code, failure.message))
                .unwrap_or_default();
            let answer = ProviderAnswer { code, message };
            keep_refusal(api, merchant, order_id, creation, answer)
                .await
                .map(OrderReply::again)
        }
        Begun::Settled {
            order_id, creation, ..
        } => keep_order(api, merchant, order_id, creation)
            .await
            .map(OrderReply::again),
        Begun::Erased(order_id) | Begun::ReferenceExists(order_id) => {
            Err(ApiError::reference_exists(order_id))
        }
        Begun::New => Err(ApiError::internal("what is new has not begun")),
        Begun::InFlight => Err(ApiError::of(ErrorCode::RequestInProgress).retry_after_secs(1)),
        Begun::KeyReused => Err(ApiError::of(ErrorCode::IdempotencyKeyReused)),
        Begun::Refused(refusal) => Err(refused(refusal)),
        Begun::TooManyPayments => Err(ApiError::new(
            ErrorCode::OrderNotPayable,
            "the order has had its ten payments; make a new order",
        )),
    }
}

/// Converts an order's refusal to the caller's error.
#[must_use]
pub fn refused(refusal: OrderRefusal) -> ApiError {
    ApiError::of(match refusal {
        OrderRefusal::Paid => ErrorCode::OrderPaid,
        OrderRefusal::NotPayable => ErrorCode::OrderNotPayable,
        OrderRefusal::StateConflict => ErrorCode::StateConflict,
    })
}

async fn send(api: &Api, call: Call, creation: Option<Uuid>) -> Result<OrderReply, ApiError> {
    let (merchant, order_id) = (call.merchant_id, call.order_id);
    let keep = KeepReply {
        creation,
        reply: created,
    };
    let opened = (api.flows.open(call, Some(keep)).await).map_err(storage)?;
    let Opened::Settled {
        applied,
        outcome,
        retry_after,
        reply,
    } = opened
    else {
        return order_by_state(api, merchant, order_id, creation).await;
    };
    if let Some(kept) = reply {
        return Ok(OrderReply::fresh(kept));
    }
    let still_open = matches!(
        applied.payment,
        PaymentState::Creating | PaymentState::Unknown
    );
    match outcome {
        CallOutcome::NotSent | CallOutcome::Undone(_) if still_open => {
            Err(ApiError::of(ErrorCode::ProviderUnavailable)
                .with_order(order_id)
                .retry_after_secs(retry_after.map_or(PROVIDER_RETRY_SECS, |wait| wait.as_secs())))
        }
        CallOutcome::Refused(failure) if applied.payment == PaymentState::Failed => {
            let answer = ProviderAnswer {
                code: failure.code,
                message: failure.message,
            };
            keep_refusal(api, merchant, order_id, creation, answer).await
        }
        CallOutcome::Refused(_)
        | CallOutcome::NotSent
        | CallOutcome::Undone(_)
        | CallOutcome::Accepted(_)
        | CallOutcome::StillRunning
        | CallOutcome::Unknown(_)
        | CallOutcome::Unclear { .. }
            if still_open =>
        {
            order_now(api, merchant, order_id, 202).await
        }
        CallOutcome::Refused(_)
        | CallOutcome::NotSent
        | CallOutcome::Undone(_)
        | CallOutcome::Accepted(_)
        | CallOutcome::StillRunning
        | CallOutcome::Unknown(_)
        | CallOutcome::Unclear { .. } => keep_order(api, merchant, order_id, creation).await,
    }
}

/// Returns 202 while the exchange with the provider runs, unless it ended just now.
async fn order_by_state(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    creation: Option<Uuid>,
) -> Result<OrderReply, ApiError> {
    let view = api
        .transact(merchant, move |tx| tx.order_view(merchant, order_id))
        .await?;
    let resolving = view.payments.first().is_some_and(|payment| {
        matches!(
            payment.status,
            PaymentState::Creating | PaymentState::Unknown
        )
    });
    if resolving {
        return order_now(api, merchant, order_id, 202).await;
    }
    keep_order(api, merchant, order_id, creation).await
}

fn created(view: &OrderView) -> Result<StoredReply, LedgerError> {
    Ok(StoredReply {
        status: 201,
        body: bytes(view)?,
    })
}

/// Returns 201 with the order, kept as the request's reply.
async fn keep_order(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    creation: Option<Uuid>,
) -> Result<OrderReply, ApiError> {
    let stored = api
        .transact(merchant, move |tx| {
            let reply = created(&tx.order_view(merchant, order_id)?)?;
            keep(tx, creation, reply)
        })
        .await?;
    Ok(OrderReply::fresh(stored))
}

/// Returns 424, kept as the request's reply.
async fn keep_refusal(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    creation: Option<Uuid>,
    answer: ProviderAnswer,
) -> Result<OrderReply, ApiError> {
    let error = ApiError::provider_rejected(order_id, answer);
    let request_id = request_id::current();
    let problem = error.problem(request_id.as_ref().map(request_id::RequestId::as_str));
    let reply = StoredReply {
        status: problem.status,
        body: serde_json::to_vec(&problem).map_err(ApiError::internal)?,
    };
    let kept = api
        .transact(merchant, move |tx| keep(tx, creation, reply))
        .await?;
    Ok(OrderReply::fresh(kept))
}

async fn order_now(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    status: u16,
) -> Result<OrderReply, ApiError> {
    let body = api
        .transact(merchant, move |tx| {
            bytes(&tx.order_view(merchant, order_id)?)
        })
        .await?;
    Ok(OrderReply {
        status,
        body,
        replayed: false,
    })
}

/// Keeps the reply that counts. Concurrent duplicates may have made theirs at the same time; all
/// return the same bytes.
fn keep(
    tx: &mut Tx<'_>,
    creation: Option<Uuid>,
    reply: StoredReply,
) -> Result<StoredReply, LedgerError> {
    match creation {
        Some(creation) => tx.keep_first_reply(creation, reply),
        None => Ok(reply),
    }
}

fn bytes(view: &OrderView) -> Result<Vec<u8>, LedgerError> {
    serde_json::to_vec(view).map_err(|error| LedgerError::Corrupt(error.to_string()))
}
