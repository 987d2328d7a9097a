//! The one type of every pool that several shops, channels or endpoints share.
//!
//! A pool has a fixed number of places. [`Limits`] say how many of them one key may hold, and how many are kept for
//! keys that hold little. [`Shares`] hands the places out, lets callers wait in turn by key, and tells the metrics of
//! the pool. A [`Place`] goes back when it is dropped.

mod limits;
mod metrics;
mod pool;
mod state;

pub use limits::{Limits, Refused};
pub use pool::{Freed, Place, Shares};
