//! The provider's HTTP side: finds the call, lets a fault act before and after the effect, keeps the journal.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::signing::body_sha256_hex;
use chrono::Utc;
use serde_json::json;

use crate::http::connection::{Ending, cut};
use crate::protocol::calls::Call;
use crate::protocol::clock::jakarta;
use crate::protocol::json_tree::Json;
use crate::protocol::refusal::Reply;
use crate::provider::faults::{Action, Target};
use crate::provider::sandbox::Sandbox;
use crate::service::handler::serve;
use crate::service::incoming::Incoming;
use crate::service::magic_amounts::Magic;

mod distort;
mod drip;

use distort::distorted;
use drip::dripping;

/// Time for which a call that "times out" is held: longer than any client waits.
const TIMES_OUT_AFTER: Duration = Duration::from_secs(60);
const GARBAGE: &[u8] = b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n";
const HALF_STATUS_LINE: &[u8] = b"HTTP/1.1 20";
const HTML_502: &str = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>";

/// Handles every path that is not the control side's.
pub(crate) async fn handle(
    request: HttpRequest,
    body: Bytes,
    sandbox: Data<Arc<Sandbox>>,
) -> HttpResponse {
    let Some(call) = Call::by_path(request.path()) else {
        let reply = Reply::coded(404, "4040000".to_owned(), "Not Found");
        return whole(&reply);
    };
    if request.method() != Method::POST {
        let reply = Reply::coded(
            405,
            "4050000".to_owned(),
            "Requested Function Is Not Supported",
        );
        return whole(&reply);
    }
    let document = Json::parse(&body).ok();
    let incoming = Incoming {
        call,
        request: &request,
        body: &body,
        document: document.as_ref(),
    };
    let fault = sandbox.faults.pick(&target(&incoming));
    if let Some(action) = &fault {
        tracing::info!(call = call.name(), ?action, "a fault fires");
        if !has_effect(action) {
            return instead(&request, call, action).await;
        }
        if let Action::Delay { ms } = action {
            sleep(Duration::from_millis(*ms)).await;
        }
    }
    let now = Utc::now();
    let answer = serve(&sandbox, &incoming, now);
    sandbox
        .record(|| {
            json!({
                "at": jakarta(now),
                "event": "call",
                "call": call.name(),
                "reference": reference(document.as_ref()),
                "channel": channel(document.as_ref()),
                "bodySha": body_sha256_hex(&body),
                "responseCode": answer.reply.code(),
                // A token's reply is a credential.
                "reply": (call != Call::Token).then_some(&answer.reply.body),
                "fault": fault.as_ref().map(|fault| format!("{fault:?}")),
            })
        })
        .await;
    if answer.magic == Some(Magic::TimesOut) {
        sleep(TIMES_OUT_AFTER).await;
        return cut(&request, Ending::Fin, b"");
    }
    match fault {
        None => whole(&answer.reply),
        Some(action) => afterwards(&request, call, &action, answer.reply).await,
    }
}

/// Returns whether the provider does its work under this fault.
const fn has_effect(action: &Action) -> bool {
    match action {
        Action::DropBeforeEffect | Action::ResetBeforeEffect | Action::HttpRedirect { .. } => false,
        Action::Hang { after_effect, .. }
        | Action::Garbage { after_effect }
        | Action::GarbageBody { after_effect }
        | Action::HalfStatusLine { after_effect }
        | Action::Html502 { after_effect }
        | Action::Error { after_effect, .. }
        | Action::InProgress202 { after_effect } => *after_effect,
        _ => true,
    }
}

/// Answers with a fault that does not need the right reply: the same before and after the effect.
async fn instead(request: &HttpRequest, call: Call, action: &Action) -> HttpResponse {
    match action {
        Action::DropBeforeEffect | Action::DropAfterEffect => cut(request, Ending::Fin, b""),
        Action::ResetBeforeEffect | Action::ResetAfterEffect => cut(request, Ending::Rst, b""),
        Action::Hang { ms, .. } => {
            sleep(Duration::from_millis(*ms)).await;
            cut(request, Ending::Fin, b"")
        }
        Action::Garbage { .. } => cut(request, Ending::Fin, GARBAGE),
        Action::HalfStatusLine { .. } => cut(request, Ending::Fin, HALF_STATUS_LINE),
        Action::GarbageBody { .. } => HttpResponse::Ok()
            .content_type("application/json")
            .body("<<<not json>>>"),
        Action::Html502 { .. } => HttpResponse::BadGateway()
            .content_type("text/html")
            .body(HTML_502),
        Action::Error {
            http_status,
            response_code,
            message,
            ..
        } => whole(&Reply::coded(*http_status, response_code.clone(), message)),
        Action::InProgress202 { .. } => {
            let code = format!("202{}00", call.service());
            whole(&Reply::coded(202, code, "Request In Progress"))
        }
        Action::HttpRedirect { location } => HttpResponse::TemporaryRedirect()
            .insert_header((LOCATION, location.as_str()))
            .finish(),
        _ => {
            let code = format!("500{}00", call.service());
            whole(&Reply::coded(500, code, "General Error"))
        }
    }
}

/// Answers with a fault after the work is done.
async fn afterwards(
    request: &HttpRequest,
    call: Call,
    action: &Action,
    reply: Reply,
) -> HttpResponse {
    match action {
        Action::Delay { .. } => whole(&reply),
        Action::Drip { bytes_per_second } => dripping(&reply, *bytes_per_second),
        Action::Truncate => cut(request, Ending::Fin, &half(&reply)),
        Action::WrongEchoReference
        | Action::WrongEchoAmount
        | Action::BrokenQr
        | Action::StaticQr
        | Action::OtherAmountQr { .. }
        | Action::OtherExpiry { .. }
        | Action::MissingArtefact
        | Action::RedirectElsewhere { .. } => whole(&distorted(reply, action)),
        _ => instead(request, call, action).await,
    }
}

fn whole(reply: &Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .content_type("application/json")
        .body(reply.bytes())
}

/// Builds the right head with the right length, and half the body.
fn half(reply: &Reply) -> Vec<u8> {
    let body = reply.bytes();
    let mut raw = format!(
        "HTTP/1.1 {} OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        reply.http,
        body.len()
    )
    .into_bytes();
    raw.extend(body.iter().take(body.len() / 2));
    raw
}

fn target<'a>(incoming: &Incoming<'a>) -> Target<'a> {
    Target {
        call: Some(incoming.call),
        channel: channel(incoming.document),
        reference: reference(incoming.document),
    }
}

fn reference(document: Option<&Json>) -> Option<&str> {
    let document = document?;
    ["partnerReferenceNo", "trxId", "originalPartnerReferenceNo"]
        .into_iter()
        .find_map(|name| document.member(name))
        .and_then(Json::as_text)
}

fn channel(document: Option<&Json>) -> Option<&str> {
    document?
        .member("additionalInfo")?
        .member("channel")?
        .as_text()
}
