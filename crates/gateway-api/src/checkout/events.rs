//! News of one order as server-sent events: first its current state, then each change, until the state
//! is final or the slot is given up; the browser then asks again by itself.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use futures_util::stream::unfold;

use super::page::CheckoutStatus;
use crate::admission::order_watch::{News, Watch};
use crate::pages::reply::guarded;

/// A comment event, which only keeps the connection alive.
const HEARTBEAT: &[u8] = b":\n\n";

struct Telling {
    watch: Watch,
    /// The status that is sent first.
    now: Option<CheckoutStatus>,
    told: i32,
    over: bool,
}

/// Returns the stream, which begins with `now`.
#[must_use]
pub fn events(watch: Watch, now: CheckoutStatus) -> HttpResponse {
    let telling = Telling {
        watch,
        now: Some(now),
        told: now.version,
        over: false,
    };
    guarded(StatusCode::OK)
        .content_type("text/event-stream")
        // Some ingresses would keep small pieces back.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(unfold(telling, next))
}

/// Returns the reply when all slots are taken: the browser stops asking for a stream, and the page's
/// script polls.
#[must_use]
pub fn no_events() -> HttpResponse {
    guarded(StatusCode::NO_CONTENT)
        .insert_header((header::CONNECTION, "close"))
        .finish()
}

async fn next(mut telling: Telling) -> Option<(Result<Bytes, Infallible>, Telling)> {
    if telling.over {
        return None;
    }
    if let Some(now) = telling.now.take() {
        telling.over = now.status.is_final();
        return Some((Ok(event(now)), telling));
    }
    loop {
        match telling.watch.next().await {
            News::Over => return None,
            News::Quiet => return Some((Ok(Bytes::from_static(HEARTBEAT)), telling)),
            News::Order(pulse) if pulse.version > telling.told => {
                telling.told = pulse.version;
                telling.over = pulse.state.is_final();
                let now = CheckoutStatus {
                    status: pulse.state,
                    version: pulse.version,
                };
                return Some((Ok(event(now)), telling));
            }
            News::Order(_) => {}
        }
    }
}

fn event(now: CheckoutStatus) -> Bytes {
    let data = serde_json::to_string(&now).unwrap_or_default();
    Bytes::from(format!("retry: 3000\nevent: status\ndata: {data}\n\n"))
}
