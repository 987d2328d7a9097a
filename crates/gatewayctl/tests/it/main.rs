//! The real binary, against a real database, with an environment of its own.
#![cfg(test)]

mod accounts;
mod audit;
mod bench;
mod doctor;
mod events;
mod live_check;
mod live_readings;
mod mistakes;
mod orders;
mod partitions;
mod provider;
mod reconcile;
mod rig;
mod rotation;
mod shells;
mod signatures;
