//! The client against real sockets: every way a provider can answer, fail, or fall silent.
#![cfg(test)]

mod bodies;
#[path = "../../../http-client/tests/support/drawn.rs"]
mod drawn;
mod fake_redis;
mod interim_replies;
mod odd_replies;
mod outcomes;
mod particulars;
mod real_redis;
mod shared_token;
mod stub;
mod tls;
mod tokens;
mod transport_failures;
