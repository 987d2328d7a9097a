//! Brings up everything the gateway needs on one machine: a private Postgres and Redis, the
//! provider's sandbox and our services. `make run`, `make demo`, the tests and the benchmarks all
//! start the same stack through this crate. It knows the programs by their binaries and contracts
//! only and depends on none of our crates, so that it works while one of them does not build.

mod account;
mod build;
mod demo;
mod held;
mod homes;
mod http;
mod merchant;
mod ports;
mod postgres;
mod process;
mod programs;
mod psql;
mod receiver;
mod redis;
mod run;
mod say;
mod secrets;
mod signals;
mod stack;
mod standard_webhooks;
mod test_services;
mod trouble;
mod wheels;
mod with_services;

pub use demo::demo;
pub use held::hold;
pub use http::Reply;
pub use merchant::{Merchant, MerchantClient, order_request};
pub use ports::free_address;
pub use postgres::{Durability, Postgres, SERVICES_ROLE};
pub use psql::run_sql;
pub use receiver::{Delivery, WebhookReceiver};
pub use redis::Redis;
pub use run::run;
pub use stack::{Stack, StackBuilder};
pub use test_services::{TestDatabase, TestRedis};
pub use trouble::Trouble;
pub use with_services::with_services;
