//! Calls: what a create, an inquiry and a cancel send, and what their replies mean. The client calls it, and who
//! reads a stored reply again. It calls `session` and `outcome`. Invariant: a success without an artefact, or with
//! another reference or amount than ours, is no success.

pub(crate) mod create_request;
pub(crate) mod create_response;
pub(crate) mod inquiry;
pub(crate) mod redirect;
pub(crate) mod replies;
