//! The servers that the gateway needs: a private Postgres and Redis, found or fetched, and the shared ones of tests.
//! The stack and the commands call it; it calls the system. Invariant: no server that runs already is touched.

pub(crate) mod pip_binaries;
pub(crate) mod postgres;
pub(crate) mod postgres_binaries;
pub(crate) mod psql;
pub(crate) mod redis;
pub(crate) mod test_services;
