//! Orders: made once and only once, paid another way, read, waited for, listed, exported, cancelled, synced. `routes` is
//! what the URL map calls, `params` is what may be sent, `calls` and `schemas` describe it, the other files do it
//! (`create`, then `complete_create` to its reply). They call the ledger and the flows with the provider.
//! Invariant: a create that begins is also finished, and an unknown outcome is never told as a failure.

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
