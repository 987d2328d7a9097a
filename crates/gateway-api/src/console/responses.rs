//! The headers of every reply of the console: nothing is stored, framed, sniffed, sent to other sites
//! or run.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// The content policy, which allows no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Redirects to a page after a form.
pub(super) fn see(place: &str) -> HttpResponse {
    guarded(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, place))
        .content_type("text/html; charset=utf-8")
        .finish()
}

/// Returns a style or picture from the program.
pub(super) fn file(kind: &str, text: &'static str) -> HttpResponse {
    guarded(StatusCode::OK).content_type(kind).body(text)
}

/// Returns a reply with every protective header. The referrer goes to ourselves only: without it a
/// browser does not say where a form comes from.
pub(super) fn guarded(status: StatusCode) -> HttpResponseBuilder {
    let mut reply = HttpResponse::build(status);
    reply
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header(("x-robots-tag", "noindex"));
    reply
}
