//! Calls: the requests of a create, an inquiry and a cancel, and the meaning of their replies. The client calls it,
//! as does any reader of a stored reply. It calls `session` and `outcome`. Invariant: a success without an artefact,
//! or with another reference or amount than ours, is no success.

pub(crate) mod create_request;
pub(crate) mod create_response;
pub(crate) mod inquiry;
pub(crate) mod redirect;
pub(crate) mod replies;
