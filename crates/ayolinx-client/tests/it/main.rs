//! The client against real sockets: every way a provider can answer, fail, or fall silent.
#![cfg(test)]

mod bodies;
mod fake_redis;
mod outcomes;
mod real_redis;
mod shared_token;
mod stub;
mod tls;
mod tokens;
mod transport_failures;
