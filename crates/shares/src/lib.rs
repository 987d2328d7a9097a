//! The one type of every pool that several shops, channels or endpoints share.
//!
//! A pool has a fixed number of places. [`Limits`] set how many of them one key may hold, and how many are kept for
//! keys that hold little. [`Shares`] hands the places out, lets callers wait in turn by key, and publishes the
//! metrics of the pool. A [`Place`] goes back when it is dropped. A pool with an order of its own builds on [`Held`]
//! and [`Line`].

mod held;
mod limits;
mod line;
mod metrics;
mod pool;

pub use held::Held;
pub use limits::{Limits, Refused};
pub use line::Line;
pub use metrics::{PoolMetrics, Refusals};
pub use pool::{Freed, Place, Shares};
