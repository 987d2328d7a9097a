//! The headers of every page and part of a page: nothing is stored, framed, sniffed or sent to other
//! sites, and no foreign script runs.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Redirects to the page again, after an action on it.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    guarded(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, path))
        .finish()
}

/// Returns a page of ours with its style in a file.
#[must_use]
pub fn html(status: StatusCode, page: String) -> HttpResponse {
    guarded(status)
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Returns the QR picture as SVG.
#[must_use]
pub fn picture_svg(svg: Bytes) -> HttpResponse {
    guarded(StatusCode::OK)
        .content_type("image/svg+xml")
        .body(svg)
}

/// Returns the QR picture as PNG.
#[must_use]
pub fn picture_png(png: Bytes) -> HttpResponse {
    guarded(StatusCode::OK).content_type("image/png").body(png)
}

/// Returns a reply of this status with every protective header.
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

    #[test]
    fn every_reply_is_guarded() {
        for reply in [
            html(StatusCode::NOT_FOUND, String::new()),
            see_other("/pay/x"),
            picture_svg(Bytes::new()),
            picture_png(Bytes::new()),
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
