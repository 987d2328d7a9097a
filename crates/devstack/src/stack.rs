//! The stack: everything a gateway runs with, put together by a builder, started, and stopped with its value. The
//! commands and tests of all crates call it; it calls the servers, the shop and the system. Invariant: what the tests
//! start is what `make run` starts.

pub(crate) mod blueprint;
pub(crate) mod build;
pub(crate) mod builder;
pub(crate) mod database;
pub(crate) mod environment;
pub(crate) mod home;
pub(crate) mod running;
