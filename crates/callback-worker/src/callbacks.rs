//! The callbacks: the provider's requests are read, verified on the received bytes, stored, and only then answered
//! with success; and the tokens it asks us for. The listener calls it; it calls the ledger through its inbox.
//! Invariant: success is reported after the commit, never before.

pub(crate) mod body;
pub mod callback_path;
pub(crate) mod edge;
pub mod error;
pub(crate) mod explanation;
pub mod inbox;
pub mod metrics;
pub(crate) mod receive;
pub mod received_path;
pub(crate) mod replies;
pub mod routes;
pub mod snap_token;
pub(crate) mod store;
pub(crate) mod token_endpoint;
pub mod verify;
