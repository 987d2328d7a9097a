//! A shop: its client of the API, and the receiver that verifies and keeps its webhooks. The stack and tests call it.
//! Invariant: it knows the gateway by its contracts only.

pub(crate) mod merchant;
pub(crate) mod standard_webhooks;
pub(crate) mod webhook_receiver;
