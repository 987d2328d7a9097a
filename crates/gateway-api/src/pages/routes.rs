//! The files of the pages.

use actix_web::HttpResponse;
use actix_web::web::Path;

use super::assets;
use crate::http::error::{ApiError, ErrorCode};

pub(crate) async fn asset(name: Path<String>) -> Result<HttpResponse, ApiError> {
    assets::asset(&name).ok_or_else(|| ApiError::of(ErrorCode::NotFound))
}
