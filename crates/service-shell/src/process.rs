//! The process: its shutdown, loops, descriptors and the ops listener, which answers while all else is stuck. The
//! services call it; it calls HTTP and the telemetry. Invariant: at the end, work in progress has a bounded time to
//! finish.

pub mod build_info;
pub mod descriptors;
pub mod exit;
pub mod ops;
pub mod pace;
pub mod shutdown;
