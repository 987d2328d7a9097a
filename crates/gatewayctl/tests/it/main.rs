//! The real binary, against a real database, with an environment of its own.
#![cfg(test)]

mod accounts;
mod audit;
mod bench;
mod doctor;
mod events;
mod orders;
mod partitions;
mod provider;
mod rig;
mod rotation;
mod signatures;
