//! The books against a real Postgres: every flow, every race, every fault, and the proof of them.
//! One folder for each room of the source; `support` has the ledger and the orders that all of them use.
#![cfg(test)]

mod accounts;
mod callbacks;
mod database;
mod group_commit;
mod monitoring;
mod orders;
mod payments;
mod privacy;
mod support;
mod webhooks;
