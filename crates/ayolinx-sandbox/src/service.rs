//! The service: admits calls, does their work, and makes the replies. The API side calls it; it calls the
//! provider and the protocol. Invariant: nothing here awaits.

pub(crate) mod alternate_behaviour;
pub(crate) mod create_reply;
pub(crate) mod handler;
pub(crate) mod incoming;
pub(crate) mod magic_amounts;
pub(crate) mod query_reply;
pub(crate) mod request_auth;
pub(crate) mod settlement;
