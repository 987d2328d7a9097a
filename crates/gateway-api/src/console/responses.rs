//! The headers of everything the console sends: nothing is stored, framed, sniffed, told to other sites
//! or run.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// There is no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// After a form: look at that page.
pub(super) fn see(place: &str) -> HttpResponse {
    guarded(StatusCode::SEE_OTHER)
        .insert_header((header::LOCATION, place))
        .content_type("text/html; charset=utf-8")
        .finish()
}

/// A style or picture out of the program.
pub(super) fn file(kind: &str, text: &'static str) -> HttpResponse {
    guarded(StatusCode::OK).content_type(kind).body(text)
}

/// A reply with every protective header. The referrer goes to ourselves only: without it a browser does
/// not say where a form comes from.
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
