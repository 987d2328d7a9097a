//! Every reply to the provider (contract 5, protocol 8.7, 8.8, 8.12): always JSON, the code always text.
//!
//! The first three digits are the HTTP status, except when storage is away: then 503 with a 500 code.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use ayolinx_core::messages::replies::{Reply, SnapVaEcho, SnapVaReply};
use ayolinx_core::messages::token::TokenResponse;

use crate::callbacks::callback_path::CallbackPath;
use crate::callbacks::error::BodyRefused;
use crate::callbacks::verify::{SignatureKind, VerifiedCallback};

const NO_SERVICE: u8 = 0;
const VA_PAYMENT: u8 = 25;
const DEBIT_NOTIFY: u8 = 56;
const TOKEN: u8 = 73;
/// Seconds after which the provider should send again what could not be stored.
const RETRY_AFTER_SECS: u64 = 2;

/// The presence of `Authorization` on a request, which decides the codes before a body is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    WithToken,
    WithoutToken,
}

/// The shape that the reply to a verified callback must have.
#[derive(Debug)]
pub(crate) enum ReplyShape {
    Flat,
    /// A reply with the fields to repeat; none when the body could not be read.
    SnapVa(Option<Box<SnapVaEcho>>),
}

impl ReplyShape {
    pub(crate) fn of(callback: &VerifiedCallback) -> Self {
        if callback.path != CallbackPath::VirtualAccount {
            return Self::Flat;
        }
        match &callback.notification {
            Ok(notification) => match notification.snap_va_echo() {
                Some(echo) => Self::SnapVa(Some(Box::new(documented_fields(echo)))),
                None => Self::Flat,
            },
            Err(_) if callback.kind == SignatureKind::Snap => Self::SnapVa(None),
            Err(_) => Self::Flat,
        }
    }
}

/// Drops the payer's name, which the documented reply does not repeat.
fn documented_fields(echo: &SnapVaEcho) -> SnapVaEcho {
    SnapVaEcho {
        virtual_account_name: None,
        ..echo.clone()
    }
}

pub(crate) fn received(shape: ReplyShape) -> HttpResponse {
    match shape {
        ReplyShape::Flat => HttpResponse::Ok().json(Reply::received()),
        ReplyShape::SnapVa(Some(echo)) => HttpResponse::Ok().json(SnapVaReply::received(*echo)),
        ReplyShape::SnapVa(None) => HttpResponse::Ok().json(Reply::new("2002500", "Success")),
    }
}

pub(crate) fn storage_away(shape: &ReplyShape) -> HttpResponse {
    let service = match shape {
        ReplyShape::Flat => DEBIT_NOTIFY,
        ReplyShape::SnapVa(_) => VA_PAYMENT,
    };
    away(service)
}

pub(crate) fn bad_signature(caller: Caller) -> HttpResponse {
    match caller {
        Caller::WithToken => refuse(
            StatusCode::UNAUTHORIZED,
            VA_PAYMENT,
            1,
            "Unauthorized. Invalid Signature",
        ),
        Caller::WithoutToken => refuse(
            StatusCode::UNAUTHORIZED,
            DEBIT_NOTIFY,
            0,
            "Unauthorized. Invalid Signature",
        ),
    }
}

pub(crate) fn bad_token() -> HttpResponse {
    refuse(
        StatusCode::UNAUTHORIZED,
        VA_PAYMENT,
        1,
        "Unauthorized. Invalid Token",
    )
}

pub(crate) fn callback_body_refused(caller: Caller, why: BodyRefused) -> HttpResponse {
    let service = match caller {
        Caller::WithToken => VA_PAYMENT,
        Caller::WithoutToken => DEBIT_NOTIFY,
    };
    body_refused(service, why)
}

pub(crate) fn token_body_refused(why: BodyRefused) -> HttpResponse {
    body_refused(TOKEN, why)
}

pub(crate) fn token_issued(token: &str, lifetime_secs: u32) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(TokenResponse::issued(token, lifetime_secs))
}

pub(crate) fn token_refused() -> HttpResponse {
    refuse(
        StatusCode::UNAUTHORIZED,
        TOKEN,
        0,
        "Unauthorized. Invalid Signature",
    )
}

pub(crate) fn token_request_malformed() -> HttpResponse {
    refuse(StatusCode::BAD_REQUEST, TOKEN, 0, "Bad Request")
}

pub(crate) fn grant_refused() -> HttpResponse {
    refuse(
        StatusCode::BAD_REQUEST,
        TOKEN,
        2,
        "Invalid Mandatory Field grantType",
    )
}

pub(crate) fn token_storage_away() -> HttpResponse {
    away(TOKEN)
}

/// Replies to a request whose handler panicked: nothing was acknowledged, so the provider sends again.
pub(crate) fn panicked() -> HttpResponse {
    storage_away(&ReplyShape::Flat)
}

pub(crate) fn not_found() -> HttpResponse {
    refuse_and_close(StatusCode::NOT_FOUND, NO_SERVICE, "Not Found")
}

pub(crate) fn method_not_allowed() -> HttpResponse {
    let mut response = refuse_and_close(
        StatusCode::METHOD_NOT_ALLOWED,
        NO_SERVICE,
        "Method Not Allowed",
    );
    response.headers_mut().insert(
        ALLOW,
        actix_web::http::header::HeaderValue::from_static("POST"),
    );
    response
}

fn body_refused(service: u8, why: BodyRefused) -> HttpResponse {
    let (status, message) = match why {
        BodyRefused::Encoded => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Encoding Not Accepted",
        ),
        BodyRefused::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Body Too Large"),
        BodyRefused::TooSlow => (StatusCode::REQUEST_TIMEOUT, "Body Too Slow"),
        BodyRefused::Broken => (StatusCode::BAD_REQUEST, "Bad Request"),
    };
    refuse_and_close(status, service, message)
}

fn away(service: u8) -> HttpResponse {
    let code = code(StatusCode::INTERNAL_SERVER_ERROR, service, 0);
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, RETRY_AFTER_SECS))
        .json(Reply::new(&code, "General Error"))
}

fn refuse(status: StatusCode, service: u8, case: u8, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(Reply::new(&code(status, service, case), message))
}

/// Refuses a request whose body was not read to its end: the connection cannot be used again.
fn refuse_and_close(status: StatusCode, service: u8, message: &str) -> HttpResponse {
    HttpResponse::build(status)
        .force_close()
        .json(Reply::new(&code(status, service, 0), message))
}

fn code(status: StatusCode, service: u8, case: u8) -> String {
    format!("{}{service:02}{case:02}", status.as_u16())
}
