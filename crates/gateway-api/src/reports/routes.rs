//! `/v1/reports…`: HTTP in, use-case, HTTP out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::daily_report::daily_report;
use super::params::parse_report_date;
use crate::auth::{Scope, authenticate};
use crate::http::error::ApiError;
use crate::state::Api;

pub(crate) async fn daily(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, ApiError> {
    let merchant = authenticate(&api, &request, Scope::Read).await?;
    let date = parse_report_date(request.query_string())?;
    let report = daily_report(&api, merchant, date).await?;
    Ok(HttpResponse::Ok().json(report))
}
