//! The promises of the gateway, kept by the real programs over real sockets and a real Postgres.
//! One folder for each subject, one file for each promise: their names are the list. What a story needs stands in
//! `support`.
#![cfg(test)]

mod callbacks;
mod checkout;
mod documents;
mod money;
mod monitoring;
mod operators;
mod orders;
mod outages;
mod provider;
mod security;
mod support;
mod webhooks;
