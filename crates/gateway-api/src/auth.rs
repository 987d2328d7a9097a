//! Authentication: `Authorization: Bearer gk_…` becomes a merchant and the key's permissions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest};
use ayolinx_core::api_key::{looks_like_api_key, peppered};
use ayolinx_core::ids::MerchantId;
use ledger::{KeyUse, LedgerError, Urgency};
use service_shell::{bearer, request_id};
use uuid::Uuid;

use crate::admission::callers::{Acquaintance, Digest};
use crate::http::client_address::client_address;
use crate::http::error::{ApiError, ErrorCode};
use crate::state::{Api, storage};

/// The pause after a note that failed.
const NOTE_PAUSE: Duration = Duration::from_secs(30);

/// A permission of an API key (contract 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Permission to create orders, pay another way, cancel and sync.
    Orders,
    /// Permission to ask for refunds, complete them, and decide about money under review.
    Refunds,
    /// Permission to manage webhook endpoints and have events sent again.
    Webhooks,
    /// Permission to read everything of the merchant.
    Read,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Refunds => "refunds",
            Self::Webhooks => "webhooks",
            Self::Read => "read",
        }
    }
}

/// Finds the caller and checks the scope, before anything else of the request is read. A key over its limit,
/// or a key that does not exist, costs the ledger no more than a first look-up.
///
/// # Errors
/// 401, 403, 429, or 503 when the ledger is away.
pub async fn authenticate(
    api: &Api,
    request: &HttpRequest,
    scope: Scope,
) -> Result<MerchantId, ApiError> {
    authenticate_any(api, request, &[scope]).await
}

/// Does what [`authenticate`] does, where any of these scopes is enough.
///
/// # Errors
/// As [`authenticate`].
pub async fn authenticate_any(
    api: &Api,
    request: &HttpRequest,
    scopes: &[Scope],
) -> Result<MerchantId, ApiError> {
    let key = key_of(request).ok_or_else(unauthorized)?;
    let digests = peppered(&api.peppers, key);
    let newest = digests.first().ok_or_else(unauthorized)?.digest;
    let address = client_address(&api.proxies, request);
    let met = meet(api, &newest, address).await?;
    let asking = (met == Acquaintance::Stranger).then(|| api.callers.asking(newest));
    let urgency = match met {
        Acquaintance::Known(key) => {
            admit(api, request, key)?;
            urgency(api, scopes)
        }
        Acquaintance::Stranger => Urgency::Public,
        Acquaintance::Wrong | Acquaintance::Asked => return Err(unauthorized()),
        Acquaintance::Later(wait) => return Err(put_off(wait)),
    };
    let found = api
        .ledger()
        .at(urgency)
        .transact(move |tx| tx.find_caller(&digests))
        .await;
    if let Some(asking) = asking {
        asking.ended();
    }
    let caller = match found {
        Ok(caller) => caller,
        Err(LedgerError::NotFound) => {
            api.callers.not_found(newest, address, Instant::now());
            return Err(unauthorized());
        }
        Err(other) => {
            let error = storage(other);
            if met == Acquaintance::Stranger {
                api.callers.away(&newest, address, error.code());
            }
            return Err(error);
        }
    };
    (api.callers).found(newest, caller.key_id, address, Instant::now());
    request_id::note_merchant(caller.merchant_id);
    if met == Acquaintance::Stranger {
        admit(api, request, caller.key_id)?;
    }
    if let Some(unnoted) = caller.unnoted {
        note(api, unnoted);
    }
    let enough = |held: &String| scopes.iter().any(|scope| held == scope.as_str());
    if !caller.scopes.iter().any(enough) {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            format!("the key lacks the scope `{}`", names.join("` or `")),
        ));
    }
    Ok(caller.merchant_id)
}

/// Returns the standing of a key. A caller who arrives while another asks about the same key waits for that
/// answer.
async fn meet(
    api: &Api,
    digest: &Digest,
    address: Option<IpAddr>,
) -> Result<Acquaintance, ApiError> {
    loop {
        let met = api.callers.meet(digest, address, Instant::now());
        if met != Acquaintance::Asked {
            return Ok(met);
        }
        if let Some(why) = api.callers.answer(digest).await {
            return Err(ApiError::of(why));
        }
    }
}

/// Counts a request of a key, and refuses it for now when it is one too many.
fn admit(api: &Api, request: &HttpRequest, key: Uuid) -> Result<(), ApiError> {
    let admission = api.rate_limit.admit(key, Instant::now());
    if let Some(standing) = admission.standing {
        request.extensions_mut().insert(standing);
    }
    admission.wait.map_or(Ok(()), |wait| Err(put_off(wait)))
}

fn put_off(wait: Duration) -> ApiError {
    let seconds = wait.as_secs().saturating_add(1);
    ApiError::of(ErrorCode::RateLimited).retry_after_secs(seconds)
}

/// Notes the use of a key beside the request, one note at a time in this process, and only where the ledger
/// has spare capacity: a use that is not noted now is noted at the next one.
fn note(api: &Api, unnoted: KeyUse) {
    let Ok(place) = Arc::clone(&api.key_notes).try_acquire_owned() else {
        return;
    };
    let ledger = api.ledger().at(Urgency::Spare);
    actix_web::rt::spawn(async move {
        let noted = ledger.transact(move |tx| tx.note_key_use(&unnoted)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of an API key is not noted");
            tokio::time::sleep(NOTE_PAUSE).await;
        }
        drop(place);
    });
}

/// Returns the urgency of the look-up of a key: a caller shed here has cost the ledger nothing.
fn urgency(api: &Api, scopes: &[Scope]) -> Urgency {
    if scopes.contains(&Scope::Read) {
        api.urgency_of_reads()
    } else {
        Urgency::Request
    }
}

fn unauthorized() -> ApiError {
    ApiError::of(ErrorCode::Unauthorized)
}

fn key_of(request: &HttpRequest) -> Option<&str> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    bearer::token(value).filter(|key| looks_like_api_key(key))
}
