//! Accounts: the merchants, their API keys, and the operators who work for all of them. The API, the console and
//! `gatewayctl` call it. Invariant: a secret is never kept, only its digest.

pub(crate) mod api_keys;
pub(crate) mod merchants;
pub(crate) mod operators;
pub(crate) mod pepper_usage;
