//! The style, script and icon of the pages, inside the program.

use actix_web::HttpResponse;
use actix_web::http::header;

const FOUND: [(&str, &str, &str); 4] = [
    (
        "checkout.css",
        "text/css; charset=utf-8",
        include_str!("../../assets/checkout.css"),
    ),
    (
        "checkout.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/checkout.js"),
    ),
    (
        "docs.css",
        "text/css; charset=utf-8",
        include_str!("../../assets/docs.css"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_str!("../../assets/icon.svg"),
    ),
];

/// Returns the file of this name, for `/pay/static/{name}` and `/docs/static/{name}`; `None` is a
/// 404.
#[must_use]
pub fn asset(name: &str) -> Option<HttpResponse> {
    let (_, kind, text) = FOUND.iter().find(|(known, _, _)| *known == name)?;
    Some(
        HttpResponse::Ok()
            .content_type(*kind)
            .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(*text),
    )
}
