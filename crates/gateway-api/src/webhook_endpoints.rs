//! Webhook endpoints: the URLs at which a shop is notified. The URL map calls `routes`; the use-cases call the ledger
//! and the guard of URLs. Invariant: no URL is stored that may not be called, and a secret is shown once.

pub mod calls;
pub mod endpoint;
pub mod params;
pub mod routes;
pub mod schemas;
pub mod view;
