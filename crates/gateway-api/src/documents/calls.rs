//! The table of all calls, each described in its room, and the calls that read the documents themselves.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::description::call::{Call, Parameter, document, one_of};
use crate::http::error::ErrorCode;
use crate::orders::export;
use crate::{channels, events, orders, refunds, reports, webhook_endpoints};

const OPENAPI: Call = document(
    "read_openapi",
    "/openapi.json",
    "Get this document",
    &[("200", "OpenAPI 3.1.", Some("application/json"))],
);

const DOCS: Call = document(
    "read_docs",
    "/docs",
    "Read this document as a page",
    &[("200", "The page.", Some("text/html; charset=utf-8"))],
);

const ERRORS: Call = document(
    "read_docs_errors",
    "/docs/errors",
    "Read what each error code means",
    &[("200", "The page.", Some("text/html; charset=utf-8"))],
);

const FILE: Call = Call {
    parameters: &[Parameter {
        name: "name",
        place: "path",
        meaning: "The file.",
        schema: file,
    }],
    errors: &[ErrorCode::NotFound],
    ..document(
        "read_docs_file",
        "/docs/static/{name}",
        "Get a file of the pages",
        &[("200", "The file.", Some("text/css; charset=utf-8"))],
    )
};

const OWN_CALLS: &[Call] = &[OPENAPI, DOCS, ERRORS, FILE];

/// Returns every call that is documented.
#[must_use]
pub fn calls() -> Vec<Call> {
    [
        orders::calls::CALLS,
        refunds::calls::CALLS,
        channels::calls::CALLS,
        reports::calls::CALLS,
        export::calls::CALLS,
        orders::calls::TIMELINE_CALLS,
        events::calls::CALLS,
        webhook_endpoints::calls::CALLS,
        orders::calls::QR_CALLS,
        OWN_CALLS,
    ]
    .concat()
}

fn file() -> RefOr<Schema> {
    one_of(["docs.css"])
}
