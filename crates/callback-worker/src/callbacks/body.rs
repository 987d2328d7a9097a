//! Reads a request body by hand, bounded in size and time: the framework bounds neither the time nor,
//! for a bare payload, the size.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::{Bytes, Payload};

use crate::callbacks::error::BodyRefused;

const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_TIME_MAX: Duration = Duration::from_secs(3);

/// Reads the whole body, as received.
pub(crate) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, BodyRefused> {
    if is_encoded(request) {
        return Err(BodyRefused::Encoded);
    }
    if announced_bytes(request).is_some_and(|announced| announced > BODY_BYTES_MAX) {
        return Err(BodyRefused::TooLarge);
    }
    let reading = payload.to_bytes_limited(BODY_BYTES_MAX);
    match tokio::time::timeout(BODY_TIME_MAX, reading).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_broken))) => Err(BodyRefused::Broken),
        Ok(Err(_limit)) => Err(BodyRefused::TooLarge),
        Err(_elapsed) => Err(BodyRefused::TooSlow),
    }
}

fn is_encoded(request: &HttpRequest) -> bool {
    let mut encodings = request.headers().get_all(CONTENT_ENCODING);
    encodings.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn announced_bytes(request: &HttpRequest) -> Option<usize> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
