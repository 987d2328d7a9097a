//! The body of a request: at most 64 KiB within 3 s (reliability T4), JSON in UTF-8, nothing else.
//! The framework's extractors are not used for bodies: they have no deadline.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, rt};
use ayolinx_core::json_style::without_byte_order_mark;

use super::error::{ApiError, ErrorCode};
use super::json::JsonTree;

/// The most bytes a body may have (contract 4.4).
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest time a body may take to arrive.
pub const BODY_DEADLINE: Duration = Duration::from_secs(3);

/// A body: its bytes and its JSON.
#[derive(Debug, Clone)]
pub struct JsonBody {
    /// The bytes as received; empty when there was no body and none was needed.
    pub raw: Bytes,
    /// The object.
    pub tree: JsonTree,
}

/// Reads a body that must be there.
///
/// # Errors
/// 415, 413, 400 `malformed_request` (too slow, broken off) or 400 `malformed_json`.
pub async fn read_json(request: &HttpRequest, payload: Payload) -> Result<JsonBody, ApiError> {
    expect_json(request)?;
    parse(read_bytes(request, payload).await?)
}

/// Reads a body that may be absent; then it counts as `{}`, whatever type it announces.
///
/// # Errors
/// As [`read_json`] when there is a body.
pub async fn read_optional_json(
    request: &HttpRequest,
    payload: Payload,
) -> Result<JsonBody, ApiError> {
    let raw = read_bytes(request, payload).await?;
    if without_byte_order_mark(&raw).is_empty() {
        let tree = JsonTree::Object(Vec::new());
        return Ok(JsonBody { raw, tree });
    }
    expect_json(request)?;
    parse(raw)
}

fn parse(raw: Bytes) -> Result<JsonBody, ApiError> {
    match JsonTree::parse_object(&raw) {
        Ok(tree) => Ok(JsonBody { raw, tree }),
        Err(error) => Err(ApiError::malformed_json(error.to_string())),
    }
}

/// Reads the bytes of a body of any type, under the same limits.
pub(crate) async fn read_bytes(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    let limit = u64::try_from(BODY_BYTES_MAX).unwrap_or(u64::MAX);
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let reading = payload.to_bytes_limited(BODY_BYTES_MAX);
    match rt::time::timeout(BODY_DEADLINE, reading).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_broken))) => {
            Err(ApiError::malformed_request("the body broke off").closing_connection())
        }
        Ok(Err(_limit)) => Err(too_large()),
        Err(_elapsed) => Err(
            ApiError::malformed_request("the body took too long to arrive").closing_connection(),
        ),
    }
}

fn too_large() -> ApiError {
    ApiError::of(ErrorCode::BodyTooLarge).closing_connection()
}

/// Checks the content type: `application/json`, optionally with parameters, of which only UTF-8 as
/// charset; no compression.
fn expect_json(request: &HttpRequest) -> Result<(), ApiError> {
    let refused = || ApiError::of(ErrorCode::UnsupportedMediaType).closing_connection();
    let headers = request.headers();
    let encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    let mut kinds = headers.get_all(header::CONTENT_TYPE);
    let (Some(kind), None, false) = (kinds.next(), kinds.next(), encoded) else {
        return Err(refused());
    };
    let kind = kind.to_str().map_err(|_| refused())?;
    if is_json(kind) {
        Ok(())
    } else {
        Err(refused())
    }
}

fn is_json(kind: &str) -> bool {
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                let charset = value.trim().trim_matches('"');
                charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
            }
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_json_is_json() {
        for kind in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; profile=x",
            "application/json;",
        ] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in [
            "",
            "text/plain",
            "application/jsonx",
            "application/problem+json",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin1",
            "application/json, text/plain",
        ] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}
