//! Export: all orders of a shop as one file, CSV or NDJSON, page by page. `GET /v1/orders/export` calls it; it reads
//! the ledger in short transactions. Invariant: an export that broke off is never taken for whole.

pub mod calls;
pub mod csv;
pub mod params;
pub mod routes;
pub mod stream;
