//! HTTP: the parts that every call shares before and after its work: bodies, queries, fields, errors as
//! problem+json, the address of a caller. Every room calls it; it knows no order, no caller and no database.
//! Invariant: every fault of a request is reported at once, and nothing internal with it.

pub mod body;
pub mod client_address;
pub mod cursor;
pub mod error;
pub mod field_errors;
pub mod fields;
pub mod formats;
pub mod json;
pub mod money;
pub mod path;
pub mod query;
