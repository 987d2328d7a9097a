//! The headers of everything the public listener sends: nothing is stored, framed, sniffed or told
//! to other sites, and nothing runs that is not ours.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::checkout::page::{CheckoutStatus, STYLE};

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The style stands in the payer's page, so that nothing is waited for before it is drawn, and is allowed
/// by its digest; nothing else may stand in it, and nothing but our own script runs.
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A payer's page, its style in it.
#[must_use]
pub fn page(status: StatusCode, page: String) -> HttpResponse {
    guarded(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY.clone()))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// To the page again, after something was done on it.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    guarded(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, path))
        .finish()
}

/// A page of ours with its style in a file.
#[must_use]
pub fn html(status: StatusCode, page: String) -> HttpResponse {
    guarded(status)
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// The QR picture as SVG.
#[must_use]
pub fn picture_svg(svg: Bytes) -> HttpResponse {
    guarded(StatusCode::OK)
        .content_type("image/svg+xml")
        .body(svg)
}

/// The QR picture as PNG.
#[must_use]
pub fn picture_png(png: Bytes) -> HttpResponse {
    guarded(StatusCode::OK).content_type("image/png").body(png)
}

/// What the page's script asks for.
#[must_use]
pub fn status_json(status: &CheckoutStatus) -> HttpResponse {
    guarded(StatusCode::OK).json(status)
}

/// A reply of this status with every protective header.
pub(crate) fn guarded(status: StatusCode) -> HttpResponseBuilder {
    let mut reply = HttpResponse::build(status);
    reply
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header(("x-robots-tag", "noindex"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use ayolinx_core::states::OrderState;

    #[test]
    fn every_reply_is_guarded() {
        let status = CheckoutStatus {
            status: OrderState::Pending,
            version: 1,
        };
        for reply in [
            html(StatusCode::NOT_FOUND, String::new()),
            page(StatusCode::OK, String::new()),
            see_other("/pay/x"),
            picture_svg(Bytes::new()),
            picture_png(Bytes::new()),
            status_json(&status),
        ] {
            let header = |name: &str| {
                reply
                    .headers()
                    .get(name)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            };
            assert!(header("content-security-policy").starts_with("default-src '"));
            assert!(!header("content-security-policy").contains("unsafe"));
            assert_eq!(header("x-frame-options"), "DENY");
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("cache-control"), "no-store");
            assert_eq!(header("x-content-type-options"), "nosniff");
        }
    }
}
