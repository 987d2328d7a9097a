//! Shared pools, driven as their callers drive them.
#![cfg(test)]

mod drawn_sequences;
mod drawn_turns;
mod told_metrics;
