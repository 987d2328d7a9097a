//! Accounts: the merchants, their API keys, and the operators who work for all of them. The API, the console and
//! `gatewayctl` call it; it calls the transaction alone. Invariant: no key and no password is stored, only its
//! digest or hash.

pub(crate) mod api_keys;
pub(crate) mod merchants;
pub(crate) mod operators;
pub(crate) mod pepper_usage;
