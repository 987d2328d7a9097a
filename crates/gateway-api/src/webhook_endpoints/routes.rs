//! `/v1/webhook-endpoints…`: HTTP in, use-case, HTTP out.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::{EndpointId, MerchantId};
use ledger::Claim;

use super::endpoint;
use super::params::{ChangeEndpoint, CreateEndpoint};
use super::view::{EndpointList, EndpointView};
use crate::auth::{Scope, authenticate, authenticate_any};
use crate::events::routes::READERS;
use crate::http::body::{read_json, read_optional_json};
use crate::http::error::ApiError;
use crate::http::fields::no_fields;
use crate::http::path::path_id;
use crate::http::query::no_query;
use crate::idempotency::reply::kept_reply;
use crate::idempotency::request_identity::Claiming;
use crate::state::Api;

pub(crate) async fn create(
    request: HttpRequest,
    payload: Payload,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let claim = Claiming::of(&request)?;
    let body = read_json(&request, payload).await?;
    let wanted = CreateEndpoint::parse(&body.tree)?;
    endpoint::create_endpoint(&api, merchant, wanted, claim.with(&body.tree))
        .await
        .map(kept_reply)
}

pub(crate) async fn list(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let lines = api
        .read(merchant, move |tx| tx.list_endpoints(merchant))
        .await?;
    let data = lines.into_iter().map(EndpointView::new).collect();
    Ok(HttpResponse::Ok().json(EndpointList { data }))
}

pub(crate) async fn read(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let id: EndpointId = path_id(&id)?;
    let line = api
        .read(merchant, move |tx| tx.endpoint(merchant, id))
        .await?;
    Ok(HttpResponse::Ok().json(EndpointView::new(line)))
}

pub(crate) async fn change(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let id: EndpointId = path_id(&id)?;
    let body = read_json(&request, payload).await?;
    let wanted = ChangeEndpoint::parse(&body.tree)?;
    let endpoint = endpoint::change_endpoint(&api, merchant, id, wanted).await?;
    Ok(HttpResponse::Ok().json(endpoint))
}

pub(crate) async fn remove(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let id: EndpointId = path_id(&id)?;
    api.transact(merchant, move |tx| tx.delete_endpoint(merchant, id))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(crate) async fn rotate(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (merchant, id, claim) = without_fields(&api, &request, payload, &id).await?;
    endpoint::rotate_secret(&api, merchant, id, claim)
        .await
        .map(kept_reply)
}

pub(crate) async fn test(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (merchant, id, claim) = without_fields(&api, &request, payload, &id).await?;
    endpoint::test_endpoint(&api, merchant, id, claim)
        .await
        .map(kept_reply)
}

async fn without_fields(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
    id: &str,
) -> Result<(MerchantId, EndpointId, Claim), ApiError> {
    let merchant = authenticate(api, request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let claim = Claiming::of(request)?;
    let id = path_id(id)?;
    let body = read_optional_json(request, payload).await?;
    no_fields(&body.tree)?;
    Ok((merchant, id, claim.with(&body.tree)))
}
