//! Measurements of what the gateway promises to the outside, on real processes without faults of
//! ours: how soon lost callbacks are healed, how much is done under too much load, and what a
//! rolling restart costs. Each prints a table and fails when a bound is broken.

pub mod bed;
pub mod healing;
pub mod jobs;
pub mod keep_alive;
pub mod overload;
pub mod rolling;
pub mod table;
