//! Configuration: settings from the environment, typed, with all problems reported at once. Every service and
//! the telemetry call it. Invariant: a value, which may be secret, is never in a message.

pub mod durations;
pub mod env;
