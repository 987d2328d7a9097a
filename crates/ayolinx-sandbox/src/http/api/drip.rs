//! A reply whose body comes slowly, at most ten pieces a second.

use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::rt::time::sleep;
use actix_web::web::Bytes;
use futures_util::stream;

use crate::protocol::refusal::Reply;

/// Maximum number of pieces a second.
const PIECES_PER_SECOND: u32 = 10;

/// Sends the reply with its true length, at the given rate.
pub(super) fn dripping(reply: &Reply, bytes_per_second: NonZeroU32) -> HttpResponse {
    let rate = bytes_per_second.get();
    let pieces = rate.min(PIECES_PER_SECOND);
    let pause = Duration::from_secs(1) / pieces;
    let size = usize::try_from(rate.div_ceil(pieces)).unwrap_or(usize::MAX);
    let body = Bytes::from(reply.bytes());
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let stream = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        sleep(pause).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, std::io::Error>(piece), rest))
    });
    let status = StatusCode::from_u16(reply.http).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .content_type("application/json")
        .body(SizedStream::new(length, Box::pin(stream)))
}
