//! The session with the provider: the token, the signature, one re-authentication and one new `X-EXTERNAL-ID`, under
//! one deadline. `calls` and the client call it; it calls `transport`. Invariant: nothing is sent twice that may have
//! been done.

pub(crate) mod external_id;
pub(crate) mod provider_session;
pub(crate) mod token_cache;
pub(crate) mod token_fetch;
