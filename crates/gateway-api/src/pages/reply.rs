//! The headers of everything the public listener sends: nothing is stored, framed, sniffed or told
//! to other sites, and nothing runs that is not ours.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::checkout::CheckoutStatus;

const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// A page.
#[must_use]
pub fn html(status: StatusCode, page: String) -> HttpResponse {
    guarded(status)
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// The QR picture as SVG.
#[must_use]
pub fn picture_svg(svg: String) -> HttpResponse {
    guarded(StatusCode::OK)
        .content_type("image/svg+xml")
        .body(svg)
}

/// The QR picture as PNG.
#[must_use]
pub fn picture_png(png: Vec<u8>) -> HttpResponse {
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
            picture_svg(String::new()),
            picture_png(Vec::new()),
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
            assert!(header("content-security-policy").starts_with("default-src 'self'"));
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("cache-control"), "no-store");
            assert_eq!(header("x-content-type-options"), "nosniff");
        }
    }
}
