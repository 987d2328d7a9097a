//! Proof by faults: a seeded load, payers and a webhook sink around real processes, whose
//! dependencies are killed, frozen, cut, slowed and filled up, and a checker that holds three
//! journals kept outside the gateway against its database. It contains no product code. `chaos run`
//! and `chaos failover` inject faults; `measure` holds the measurements without faults.

pub mod checker;
pub mod faults;
pub mod harness;
pub mod load;
pub mod measure;
pub mod monitor;
pub mod proxy;
pub mod scenarios;
pub mod tools;

pub use harness::rig;
pub use tools::{clock, http as wire, processes, program, rng, terminal as say};

/// Name of every payer: it may be stored sealed and be in replies to its shop, nowhere else.
pub const CANARY_NAME: &str = "Budi Kanari Wijayakusuma";
/// Every payer's address.
pub const CANARY_EMAIL: &str = "kanari.wijayakusuma@example.co.id";
/// Every payer's number.
pub const CANARY_PHONE: &str = "081298761234";
