//! Brings up everything the gateway needs on one machine: a private Postgres and Redis, the
//! provider's sandbox and our services. `make run`, `make demo`, the tests and the benchmarks all
//! start the same stack through this crate. It knows the programs by their binaries and contracts
//! only and depends on none of our crates, so that it works while one of them does not build.

mod account;
mod homes;
mod postgres;
mod process;
mod programs;
mod psql;
mod redis;
mod test_services;
mod trouble;
mod wheels;
mod with_services;

pub use postgres::{Durability, Postgres};
pub use psql::run_sql;
pub use redis::Redis;
pub use test_services::{TestDatabase, TestRedis};
pub use trouble::Trouble;
pub use with_services::with_services;
