//! `/v1/events…`: HTTP in, use-case, HTTP out.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::EventId;

use super::feed::{list_events, read_event};
use super::params::{ListEvents, parse_redelivery};
use super::redelivery;
use super::view::DeliveryList;
use crate::auth::{Scope, authenticate, authenticate_any};
use crate::http::body::{read_json, read_optional_json};
use crate::http::error::ApiError;
use crate::http::fields::no_fields;
use crate::http::path::path_id;
use crate::http::query::no_query;
use crate::state::Api;

/// The scopes that may read events: whoever may change endpoints may see their events.
pub(crate) const READERS: [Scope; 2] = [Scope::Read, Scope::Webhooks];

pub(crate) async fn list(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    let wanted = ListEvents::parse(request.query_string())?;
    let page = list_events(&api, merchant, wanted).await?;
    Ok(HttpResponse::Ok().json(page))
}

pub(crate) async fn read(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let event = read_event(&api, merchant, path_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(event))
}

pub(crate) async fn deliveries(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let id: EventId = path_id(&id)?;
    let lines = api
        .read(merchant, move |tx| tx.deliveries_of(merchant, id))
        .await?;
    Ok(HttpResponse::Ok().json(DeliveryList::new(lines)))
}

pub(crate) async fn redeliver(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let id: EventId = path_id(&id)?;
    let body = read_optional_json(&request, payload).await?;
    no_fields(&body.tree)?;
    let redelivered = redelivery::redeliver_event(&api, merchant, id).await?;
    Ok(HttpResponse::Accepted().json(redelivered))
}

pub(crate) async fn redeliver_range(
    request: HttpRequest,
    payload: Payload,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Webhooks).await?;
    no_query(request.query_string())?;
    let body = read_json(&request, payload).await?;
    let range = parse_redelivery(&body.tree)?;
    let begun = redelivery::redeliver_range(&api, merchant, range).await?;
    Ok(HttpResponse::Accepted().json(begun))
}
