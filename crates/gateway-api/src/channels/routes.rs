//! `GET /v1/channels`: the ways to pay, and whether each can be used at the moment.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::channels::Channel;

use super::view::ChannelList;
use crate::auth::{Scope, authenticate_any};
use crate::http::error::ApiError;
use crate::http::query::no_query;
use crate::state::Api;

/// The scopes that may read channels: whoever makes orders needs to know the channels.
const READERS: [Scope; 2] = [Scope::Read, Scope::Orders];

pub(crate) async fn list(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    authenticate_any(&api, &request, &READERS).await?;
    no_query(request.query_string())?;
    let reachable = |channel: &Channel| !api.flows.is_cut_off(channel);
    Ok(HttpResponse::Ok().json(ChannelList::new(api.channels(), reachable)))
}
