//! The pages that explain the API: `/docs` from the OpenAPI document, `/docs/errors` from the code table.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::error::{ApiError, ErrorCode, FieldCode};
use crate::openapi::{Call, calls};
use crate::pages::html;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    calls: Vec<Call>,
}

#[derive(Template)]
#[template(path = "docs_errors.html")]
struct ErrorsPage {
    codes: &'static [ErrorCode],
    field_codes: [FieldCode; 11],
}

/// `GET /docs`.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub async fn docs_page() -> Result<HttpResponse, ApiError> {
    page(&DocsPage { calls: calls() })
}

/// `GET /docs/errors`: a section per code, its id the code.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub async fn errors_page() -> Result<HttpResponse, ApiError> {
    page(&ErrorsPage {
        codes: ErrorCode::ALL,
        field_codes: FieldCode::ALL,
    })
}

/// A text cut at its backticks: whether a part is code, and the part.
fn parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| (index % 2 == 1, part))
}

fn page(template: &impl Template) -> Result<HttpResponse, ApiError> {
    let page = template.render().map_err(ApiError::internal)?;
    Ok(html(StatusCode::OK, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let found: Vec<_> = parts("Send `a` and b").collect();
        assert_eq!(found, [(false, "Send "), (true, "a"), (false, " and b")]);
    }

    #[actix_web::test]
    async fn every_code_has_its_section() {
        let reply = errors_page().await.unwrap();
        let page = String::from_utf8(to_bytes(reply.into_body()).await.unwrap().to_vec()).unwrap();
        for code in ErrorCode::ALL {
            assert!(
                page.contains(&format!("<section id=\"{}\">", code.as_str())),
                "{code:?}"
            );
        }
        for code in FieldCode::ALL {
            assert!(
                page.contains(&format!("id=\"field-{}\"", code.as_str())),
                "{code:?}"
            );
        }
        assert!(!page.contains("style=") && !page.contains("<script"));
    }

    #[actix_web::test]
    async fn the_overview_names_every_call_and_no_other_host() {
        let reply = docs_page().await.unwrap();
        let page = String::from_utf8(to_bytes(reply.into_body()).await.unwrap().to_vec()).unwrap();
        for call in calls() {
            assert!(
                page.contains(&format!("<code>{}</code>", call.path)),
                "{}",
                call.path
            );
        }
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));
    }
}
