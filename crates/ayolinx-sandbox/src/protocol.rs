//! The protocol: calls, channels, fields, times, bodies and refusals as the provider documents them, and the other
//! behaviours where the documents leave it open. Every other room stands on it; it holds nothing. Invariant: requests
//! are read by code of its own, never by the gateway's message types.

pub(crate) mod artefacts;
pub(crate) mod behaviours;
pub(crate) mod body_encoding;
pub(crate) mod calls;
pub(crate) mod channels;
pub(crate) mod clock;
pub(crate) mod fields;
pub(crate) mod json_tree;
pub(crate) mod refusal;
pub(crate) mod requests;
