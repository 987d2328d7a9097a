//! The public edge of the core: signing vectors, JSON spelling, provider messages, channels.
#![cfg(test)]

mod channels;
mod json_encoding;
mod messages;
mod money;
mod noise;
mod notifications;
mod order_of_telling;
mod secrets_are_not_compared;
mod signing_vectors;
mod story;
mod transitions;
mod vectors;
