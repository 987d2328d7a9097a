//! The servers that tests and runs are given, for real.
#![cfg(test)]

mod test_services;
mod with_services;
