//! The client against real sockets: which responses it reads, and how.
#![cfg(test)]

#[path = "../support/drawn.rs"]
mod drawn;
mod exchanges;
