//! Transport: one HTTP exchange on a connection of its own, behind the circuit breakers. `session` calls it; it calls
//! `telemetry` and `outcome`. Invariant: only what is on the white list counts as not sent.

pub(crate) mod breaker;
pub(crate) mod content_encoding;
pub(crate) mod http;
