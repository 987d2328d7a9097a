//! Brings up everything the gateway needs on one machine: a private Postgres and Redis, the
//! provider's sandbox and our services. `make run`, `make demo`, the tests and the benchmarks all
//! start the same stack through this crate. It knows the programs by their binaries and contracts
//! only and depends on none of our crates, so that it works while one of them does not build.

mod commands;
mod servers;
mod shop;
mod stack;
mod system;

pub use commands::demo::demo;
pub use commands::run::run;
pub use commands::stack_command::hold;
pub use commands::with_services::with_services;
pub use servers::postgres::{Durability, Postgres, SERVICES_ROLE};
pub use servers::psql::run_sql;
pub use servers::redis::Redis;
pub use servers::test_services::{TestDatabase, TestRedis};
pub use shop::merchant::{Merchant, MerchantClient, order_request};
pub use shop::webhook_receiver::{Delivery, WebhookReceiver};
pub use stack::builder::StackBuilder;
pub use stack::running::Stack;
pub use system::error::Trouble;
pub use system::http::Reply;
pub use system::ports::free_address;
