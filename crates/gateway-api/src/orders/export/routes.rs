//! `/v1/orders/export`: HTTP in, use-case, a stream out.

use actix_web::body::BodyStream;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::order_view::jakarta_millis;
use chrono::Utc;
use futures_util::stream::poll_fn;

use super::params::{ExportFormat, ExportOrders};
use super::stream::{BrokenOff, export_orders};
use crate::auth::{Scope, authenticate};
use crate::http::error::ApiError;
use crate::state::Api;

pub(crate) async fn export(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    let wanted = ExportOrders::parse(request.query_string())?;
    let (kind, extension) = match wanted.format {
        ExportFormat::Csv { .. } => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Ndjson => ("application/x-ndjson", "ndjson"),
    };
    let mut pieces = export_orders(&api, merchant, wanted).await?;
    let now = jakarta_millis(Utc::now());
    let (today, _) = now.split_once('T').unwrap_or_default();
    let name = format!("attachment; filename=\"orders-{today}.{extension}\"");
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(BodyStream::new(poll_fn(move |cx| {
            pieces.poll_recv(cx).map(|piece| match piece {
                Some(Some(text)) => Some(Ok(text)),
                Some(None) => None,
                // The framework drops the connection, and the last chunk never comes.
                None => Some(Err(BrokenOff)),
            })
        }))))
}
