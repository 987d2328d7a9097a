//! `/v1/orders…`: HTTP in, use-case, HTTP out.

use actix_web::web::{Bytes, Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::{NextAction, OrderView};
use chrono::Utc;
use serde::Serialize;

use super::add_payment::pay_another_way;
use super::cancel::cancel_order;
use super::create::create_order;
use super::params::create_order::NamedOrder;
use super::params::list_orders::{ListOrders, WaitForOrder};
use super::params::named_payment::NamedPayment;
use super::read::{list_orders, read_order};
use super::sync::sync_order;
use super::timeline::Timeline;
use crate::auth::{Scope, authenticate};
use crate::http::body::{read_json, read_optional_json};
use crate::http::cursor::Cursor;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::fields::no_fields;
use crate::http::path::path_id;
use crate::http::query::{Query, no_query};
use crate::idempotency::reply::kept_reply;
use crate::idempotency::request_identity::Claiming;
use crate::pages::pictures::{PictureError, Shape};
use crate::pages::qr::{SIZE_DEFAULT, SIZE_MAX, SIZE_MIN};
use crate::pages::reply::{picture_png, picture_svg};
use crate::state::Api;

#[derive(Serialize)]
struct Page {
    data: Vec<OrderView>,
    next_cursor: Option<String>,
}

pub(crate) async fn create(
    request: HttpRequest,
    payload: Payload,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Orders).await?;
    no_query(request.query_string())?;
    let claim = Claiming::of(&request)?;
    let body = read_json(&request, payload).await?;
    let now = Utc::now();
    let named = NamedOrder::read(&body.tree, api.channels(), now)?;
    let claim = claim.with(&body.tree);
    create_order(&api, merchant, named, claim, now)
        .await
        .map(kept_reply)
}

pub(crate) async fn add_payment(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Orders).await?;
    no_query(request.query_string())?;
    let claim = Claiming::of(&request)?;
    let order_id: OrderId = path_id(&id)?;
    let body = read_json(&request, payload).await?;
    let named = NamedPayment::read(&body.tree, api.channels())?;
    let claim = claim.with(&body.tree);
    pay_another_way(&api, merchant, order_id, named, claim)
        .await
        .map(kept_reply)
}

pub(crate) async fn read(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    let wait = WaitForOrder::parse(request.query_string())?;
    let order = read_order(&api, merchant, path_id(&id)?, wait).await?;
    Ok(HttpResponse::Ok().json(order))
}

pub(crate) async fn list(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    let wanted = ListOrders::parse(request.query_string())?;
    let page = list_orders(&api, merchant, wanted).await?;
    let next_cursor = page.next.map(|end| {
        let cursor = Cursor {
            created_at: end.created_at,
            id: end.id.as_uuid(),
        };
        cursor.encode()
    });
    Ok(HttpResponse::Ok().json(Page {
        data: page.orders,
        next_cursor,
    }))
}

pub(crate) async fn cancel(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (merchant, order_id) = without_fields(&api, &request, payload, &id).await?;
    let order = cancel_order(&api, merchant, order_id).await?;
    Ok(HttpResponse::Ok().json(order))
}

pub(crate) async fn sync(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let (merchant, order_id) = without_fields(&api, &request, payload, &id).await?;
    let order = sync_order(&api, merchant, order_id).await?;
    Ok(HttpResponse::Ok().json(order))
}

pub(crate) async fn timeline(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    no_query(request.query_string())?;
    let order: OrderId = path_id(&id)?;
    let items = api
        .read(merchant, move |tx| tx.timeline(merchant, order))
        .await?;
    Ok(HttpResponse::Ok().json(Timeline::new(items)))
}

pub(crate) async fn qr_svg(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    no_query(request.query_string())?;
    let svg = picture(&api, merchant, path_id(&id)?, Shape::Svg).await?;
    Ok(picture_svg(svg))
}

pub(crate) async fn qr_png(
    request: HttpRequest,
    id: Path<String>,
    api: Data<Api>,
) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    let query = Query::parse(request.query_string(), &["size"])?;
    let size = query.number("size", SIZE_MIN..=SIZE_MAX)?;
    let shape = Shape::Png(size.unwrap_or(SIZE_DEFAULT));
    let png = picture(&api, merchant, path_id(&id)?, shape).await?;
    Ok(picture_png(png))
}

async fn picture(
    api: &Api,
    merchant: MerchantId,
    id: OrderId,
    shape: Shape,
) -> Result<Bytes, ApiError> {
    let text = qr_text(api, merchant, id).await?;
    let drawn = api.pictures.of((merchant, id), &text, shape).await;
    drawn.map_err(|error| match error {
        PictureError::Busy => ApiError::of(ErrorCode::Overloaded),
        PictureError::Qr(_) | PictureError::Broken => ApiError::internal(error),
    })
}

/// Returns the QR text of the order's pending QRIS payment.
async fn qr_text(api: &Api, merchant: MerchantId, id: OrderId) -> Result<String, ApiError> {
    let order = api
        .read(merchant, move |tx| tx.order_view(merchant, id))
        .await?;
    let shown = order.payments.into_iter();
    shown
        .filter_map(|payment| match payment.next_action {
            Some(NextAction::ShowQr { qr_string, .. }) => Some(qr_string),
            Some(
                NextAction::Redirect { .. }
                | NextAction::ShowVirtualAccount { .. }
                | NextAction::ShowPaymentCode { .. },
            )
            | None => None,
        })
        .next()
        .ok_or_else(|| ApiError::of(ErrorCode::NotFound))
}

async fn without_fields(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
    id: &str,
) -> Result<(MerchantId, OrderId), ApiError> {
    let merchant = authenticate(api, request, Scope::Orders).await?;
    no_query(request.query_string())?;
    let order_id = path_id(id)?;
    let body = read_optional_json(request, payload).await?;
    no_fields(&body.tree)?;
    Ok((merchant, order_id))
}
