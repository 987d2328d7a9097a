//! The harness: the gateway's programs on a Postgres and Redis of their own, a proxy before each dependency. The
//! faults, the measurements and the checker call it; it calls `devstack`, the proxies, the load and the monitor.
//! Invariant: everything it starts ends with it.

pub mod bed;
pub mod disk;
pub mod rig;
pub mod standby;
