//! Pictures and documents: replies that are not JSON of ours.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::calls::{Call, ORDER_ID, Parameter, integer, keyed_errors, one_of, query};
use crate::http::error::ErrorCode;

const fn document(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    replies: &'static [(&'static str, &'static str, Option<&'static str>)],
) -> Call {
    Call {
        id,
        verb: "GET",
        path,
        summary,
        description: "",
        needs_key: false,
        parameters: &[],
        body: None,
        replies,
        errors: &[],
    }
}

const QR_SVG: Call = Call {
    needs_key: true,
    parameters: &[ORDER_ID],
    errors: keyed_errors![NotFound],
    ..document(
        "read_order_qr_svg",
        "/v1/orders/{id}/qr.svg",
        "Get the QR of an order's payable QRIS payment as SVG",
        &[("200", "The picture.", Some("image/svg+xml"))],
    )
};

const QR_PNG: Call = Call {
    needs_key: true,
    parameters: &[
        ORDER_ID,
        query("size", "Width and height in pixels, 512 when absent.", size),
    ],
    errors: keyed_errors![NotFound],
    ..document(
        "read_order_qr_png",
        "/v1/orders/{id}/qr.png",
        "Get the QR of an order's payable QRIS payment as PNG",
        &[("200", "The picture.", Some("image/png"))],
    )
};

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

pub(crate) fn page_calls() -> [Call; 6] {
    [QR_SVG, QR_PNG, OPENAPI, DOCS, ERRORS, FILE]
}

fn size() -> RefOr<Schema> {
    integer(64, 1024)
}

fn file() -> RefOr<Schema> {
    one_of(["docs.css"])
}
