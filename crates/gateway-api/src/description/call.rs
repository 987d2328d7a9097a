//! One call of the API as the document and the `/docs` page show it, and the parts it is made of.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::http::cursor::LIMIT_MAX;
use crate::http::error::ErrorCode;

/// One call of the API.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its `operationId`.
    pub id: &'static str,
    /// The HTTP method.
    pub verb: &'static str,
    /// The path with `{…}` for its parameters.
    pub path: &'static str,
    /// A summary in a few words.
    pub summary: &'static str,
    /// Further text for readers; may be empty.
    pub description: &'static str,
    pub(crate) needs_key: bool,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<&'static str>,
    /// Replies as status, meaning, schema.
    pub(crate) replies: &'static [(&'static str, &'static str, Option<&'static str>)],
    pub(crate) errors: &'static [ErrorCode],
}

/// One parameter of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// The location: `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) schema: fn() -> RefOr<Schema>,
}

pub(crate) const fn query(
    name: &'static str,
    meaning: &'static str,
    schema: fn() -> RefOr<Schema>,
) -> Parameter {
    Parameter {
        name,
        place: "query",
        meaning,
        schema,
    }
}

/// The location of a required query parameter.
pub(crate) const REQUIRED_QUERY: &str = "query, required";

pub(crate) const fn required_query(
    name: &'static str,
    meaning: &'static str,
    schema: fn() -> RefOr<Schema>,
) -> Parameter {
    Parameter {
        place: REQUIRED_QUERY,
        ..query(name, meaning, schema)
    }
}

pub(crate) const ORDER_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The order's id.",
    schema: order_id,
};

pub(crate) const KEY_HEADER: Parameter = Parameter {
    name: "Idempotency-Key",
    place: "header",
    meaning: "Your own name for this request; the same key and body give the same reply again.",
    schema: key,
};

/// Lists the errors that every call with a key can return, and further ones.
macro_rules! keyed_errors {
    ($($code:ident),* $(,)?) => {
        &[
            ErrorCode::MalformedRequest, ErrorCode::Unauthorized, ErrorCode::Forbidden, ErrorCode::RateLimited,
            ErrorCode::StorageUnavailable, $(ErrorCode::$code,)*
        ]
    };
}
pub(crate) use keyed_errors;

/// Describes a read that takes a key.
pub(crate) const fn read(
    id: &'static str,
    path: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    replies: &'static [(&'static str, &'static str, Option<&'static str>)],
) -> Call {
    Call {
        id,
        verb: "GET",
        path,
        summary,
        description: "",
        needs_key: true,
        parameters,
        body: None,
        replies,
        errors: keyed_errors![NotFound],
    }
}

/// Describes a call whose reply is not JSON of ours.
pub(crate) const fn document(
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

pub(crate) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

pub(crate) fn one_of(names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    string().enum_values(Some(names)).into()
}

pub(crate) fn integer(min: u32, max: u32) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(min))
        .maximum(Some(max))
        .into()
}

pub(crate) fn text() -> RefOr<Schema> {
    string().min_length(Some(1)).into()
}

pub(crate) fn time() -> RefOr<Schema> {
    string()
        .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
            utoipa::openapi::KnownFormat::DateTime,
        )))
        .into()
}

fn order_id() -> RefOr<Schema> {
    string().pattern(Some("^ord_[0-9a-f]{32}$")).into()
}

fn key() -> RefOr<Schema> {
    string().pattern(Some("^[!-~]{1,255}$")).into()
}

pub(crate) fn limit() -> RefOr<Schema> {
    integer(1, u32::from(LIMIT_MAX))
}
