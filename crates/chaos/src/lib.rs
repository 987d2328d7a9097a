//! Proof by faults: a seeded load, payers and a webhook sink around real processes, whose dependencies
//! are killed, frozen, cut, slowed and filled up, and a checker that holds three journals kept outside
//! the gateway against its database. It contains no product code. `chaos run`
//! and `chaos failover`; `measure` has what is measured without faults.

mod by_hand;
pub mod checker;
pub mod clock;
pub mod disk;
pub mod failover;
pub mod faults;
pub mod journal;
pub mod leases;
pub mod load;
pub mod measure;
pub mod misbehaviour;
pub mod payers;
pub mod probes;
pub mod processes;
pub mod program;
pub mod proxy;
pub mod race;
pub mod report;
pub mod rig;
pub mod rng;
pub mod run;
pub mod say;
pub mod schedule;
pub mod shifted;
pub mod sink;
pub mod standby;
pub mod storm;
pub mod timeline;
pub mod watch;
pub mod wire;
pub mod world;

/// The name of every payer: it may be at rest sealed and in replies to its shop, nowhere else.
pub const CANARY_NAME: &str = "Budi Kanari Wijayakusuma";
/// Every payer's address.
pub const CANARY_EMAIL: &str = "kanari.wijayakusuma@example.co.id";
/// Every payer's number.
pub const CANARY_PHONE: &str = "081298761234";
