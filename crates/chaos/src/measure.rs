//! Measurements of what the gateway promises to the outside, on real processes without faults of
//! ours: how soon lost callbacks are healed, how much is done under too much load, and what a
//! rolling restart costs. Each prints a table and fails when a bound is broken. The program
//! and `bench` call it; it calls the harness and the tools. Invariant: it brings no fault of its own.

pub mod healing;
pub mod jobs;
pub mod keep_alive;
pub mod overload;
pub mod rolling;
pub mod table;
