//! The books against a real Postgres: every flow, every race, every fault, and the proof of them.
#![cfg(test)]

mod calls;
mod endings;
mod idempotency;
mod paid;
mod refunds;
mod review;
mod several;
mod support;
