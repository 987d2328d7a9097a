//! `/v1/webhook-endpoints…`: endpoints are made, changed, tested and deleted, their secrets rotated.

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::secret::Secret;
use ledger::{Claim, ENDPOINTS_MAX, EndpointChange, EndpointLine, NewEndpoint};
use uuid::Uuid;
use webhooks::WebhookSecret;

use super::params::{ChangeEndpoint, CreateEndpoint};
use super::view::{EndpointView, NewEndpointView};
use crate::http::error::{ApiError, ErrorCode, FieldCode, FieldError};
use crate::idempotency::idempotent_post::{once, reply};
use crate::idempotency::reply::OrderReply;
use crate::state::Api;

/// Makes an endpoint. Its secret is in the reply and never shown again.
///
/// # Errors
/// 422 when the URL may not be called, 409 when there are too many endpoints.
pub async fn create_endpoint(
    api: &Api,
    merchant: MerchantId,
    wanted: CreateEndpoint,
    claim: Claim,
) -> Result<OrderReply, ApiError> {
    let secret = new_secret()?;
    let checked = permitted(api, &wanted.url).await;
    let new = NewEndpoint {
        id: EndpointId::from_uuid(Uuid::now_v7()),
        merchant_id: merchant,
        url: checked.clone().unwrap_or_default(),
        event_types: wanted.event_types.as_deref().map(names),
        secret: secret.clone(),
    };
    let enabled = wanted.enabled;
    // The URLs that may be called change with settings and DNS; a repeated request is answered as it was.
    once(api, merchant, claim, move |tx| {
        if let Err(why) = checked {
            return Ok(Err(not_permitted(why)));
        }
        if tx.count_endpoints(merchant)? >= ENDPOINTS_MAX {
            let detail = "a merchant can have 100 endpoints; delete one first";
            return Ok(Err(ApiError::new(ErrorCode::StateConflict, detail)));
        }
        tx.add_endpoint(&new)?;
        let change = EndpointChange {
            enabled: Some(enabled),
            ..EndpointChange::default()
        };
        let line = tx.change_endpoint(merchant, new.id, &change)?;
        reply(201, &with_secret(line, &secret)).map(Ok)
    })
    .await
}

/// Changes an endpoint.
///
/// # Errors
/// 404, or 422 when the URL may not be called.
pub async fn change_endpoint(
    api: &Api,
    merchant: MerchantId,
    id: EndpointId,
    wanted: ChangeEndpoint,
) -> Result<EndpointView, ApiError> {
    let url = match &wanted.url {
        Some(url) => Some(permitted(api, url).await.map_err(not_permitted)?),
        None => None,
    };
    let change = EndpointChange {
        url,
        event_types: wanted.event_types.map(|types| types.as_deref().map(names)),
        enabled: wanted.enabled,
    };
    let line = api
        .transact(merchant, move |tx| {
            tx.change_endpoint(merchant, id, &change)
        })
        .await?;
    Ok(EndpointView::new(line))
}

/// Gives an endpoint a new secret, shown this once; for a day both secrets sign.
///
/// # Errors
/// 404.
pub async fn rotate_secret(
    api: &Api,
    merchant: MerchantId,
    id: EndpointId,
    claim: Claim,
) -> Result<OrderReply, ApiError> {
    let secret = new_secret()?;
    once(api, merchant, claim, move |tx| {
        let line = tx.rotate_secret(merchant, id, &secret)?;
        reply(200, &with_secret(line, &secret)).map(Ok)
    })
    .await
}

/// Sends a test event to an endpoint and returns the event.
///
/// # Errors
/// 404, or 409 while the endpoint is disabled.
pub async fn test_endpoint(
    api: &Api,
    merchant: MerchantId,
    id: EndpointId,
    claim: Claim,
) -> Result<OrderReply, ApiError> {
    once(api, merchant, claim, move |tx| {
        if !tx.endpoint(merchant, id)?.enabled {
            let detail = "the endpoint is disabled; enable it first";
            return Ok(Err(ApiError::new(ErrorCode::StateConflict, detail)));
        }
        let event = tx.send_test(merchant, id)?;
        reply(202, &event).map(Ok)
    })
    .await
}

/// Returns the URL, or the reason why it may not be called.
async fn permitted(api: &Api, url: &str) -> Result<String, String> {
    match api.guard.check_at_registration(url).await {
        Ok(checked) => Ok(checked.as_str().to_owned()),
        Err(refused) => Err(refused.to_string()),
    }
}

fn not_permitted(why: String) -> ApiError {
    let error = FieldError::new("url", FieldCode::UrlNotAllowed, why);
    ApiError::validation_failed(vec![error])
}

fn new_secret() -> Result<Secret, ApiError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_unspecified| ApiError::internal("no random bytes"))?;
    Ok(Secret::new(
        WebhookSecret::generate(random).reveal().as_str(),
    ))
}

fn names(types: &[EventType]) -> Vec<String> {
    types
        .iter()
        .map(|known| known.as_str().to_owned())
        .collect()
}

fn with_secret(line: EndpointLine, secret: &Secret) -> NewEndpointView {
    NewEndpointView {
        endpoint: EndpointView::new(line),
        secret: secret.expose().to_owned(),
    }
}
