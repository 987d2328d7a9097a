//! The payer's page and its status over HTTP, guarded as every page is; the style in the page is allowed by its digest.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::page::{CheckoutStatus, STYLE};
use crate::pages::reply::guarded;

/// The policy of payers' pages. The style is inside the page, so that nothing is waited for before it is drawn, and is
/// allowed by its digest; no other style is allowed, and no script but our own runs.
static PAGE_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// Returns a payer's page, with its style inside.
#[must_use]
pub fn page(status: StatusCode, page: String) -> HttpResponse {
    guarded(status)
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY.clone()))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Returns the status that the page's script asks for.
#[must_use]
pub fn status_json(status: &CheckoutStatus) -> HttpResponse {
    guarded(StatusCode::OK).json(status)
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
        for reply in [page(StatusCode::OK, String::new()), status_json(&status)] {
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
