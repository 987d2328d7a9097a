//! Refunds, and what is under review: HTTP in, use-case, HTTP out.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::{OrderId, RefundId};

use super::params::{AskRefund, CompleteRefund, ResolveReview};
use super::refund::{ask_refund, cancel_refund, complete_refund};
use super::review::resolve_review;
use super::view::{RefundList, RefundView};
use crate::auth::{Scope, authenticate, authenticate_any};
use crate::http::body::{read_json, read_optional_json};
use crate::http::error::ApiError;
use crate::http::fields::no_fields;
use crate::http::path::path_id;
use crate::http::query::no_query;
use crate::idempotency::reply::kept_reply;
use crate::idempotency::request_identity::Claiming;
use crate::state::Api;

/// The scopes that may read refunds: whoever may ask for refunds may see them.
const READERS: [Scope; 2] = [Scope::Read, Scope::Refunds];

pub(crate) async fn ask(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Refunds).await?;
    no_query(request.query_string())?;
    let claim = Claiming::of(&request)?;
    let order: OrderId = path_id(&id)?;
    let body = read_json(&request, payload).await?;
    let wanted = AskRefund::parse(&body.tree)?;
    let claim = claim.with(&body.tree);
    ask_refund(&api, merchant, order, wanted, claim)
        .await
        .map(kept_reply)
}

pub(crate) async fn list(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let order: OrderId = path_id(&id)?;
    let lines = api
        .read(merchant, move |tx| tx.refunds_of(merchant, order))
        .await?;
    let data = lines.into_iter().map(RefundView::new).collect();
    Ok(HttpResponse::Ok().json(RefundList { data }))
}

pub(crate) async fn complete(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Refunds).await?;
    no_query(request.query_string())?;
    let id: RefundId = path_id(&id)?;
    let body = read_json(&request, payload).await?;
    let wanted = CompleteRefund::parse(&body.tree)?;
    let refund = complete_refund(&api, merchant, id, wanted).await?;
    Ok(HttpResponse::Ok().json(refund))
}

pub(crate) async fn cancel(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Refunds).await?;
    no_query(request.query_string())?;
    let id: RefundId = path_id(&id)?;
    let body = read_optional_json(&request, payload).await?;
    no_fields(&body.tree)?;
    let refund = cancel_refund(&api, merchant, id).await?;
    Ok(HttpResponse::Ok().json(refund))
}

pub(crate) async fn resolve(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Refunds).await?;
    no_query(request.query_string())?;
    let order: OrderId = path_id(&id)?;
    let body = read_json(&request, payload).await?;
    let wanted = ResolveReview::parse(&body.tree)?;
    let view = resolve_review(&api, merchant, order, wanted).await?;
    Ok(HttpResponse::Ok().json(view))
}
