//! Orders: made once and only once, paid another way, read, waited for, listed, exported, cancelled, synced. The URL
//! map calls `routes`, `params` reads the requests, `calls` and `schemas` describe them, the other files do the work
//! (`create`, then `complete_create` to its reply). They call the ledger and the flows with the provider.
//! Invariant: a create that begins is also finished, and an unknown outcome is never reported as a failure.

pub mod abandoned_creates;
pub mod add_payment;
pub mod calls;
pub mod cancel;
pub mod complete_create;
pub mod create;
pub mod export;
pub mod params;
pub mod read;
pub mod routes;
pub mod schemas;
pub mod sync;
pub mod timeline;
