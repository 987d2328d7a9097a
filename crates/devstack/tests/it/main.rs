//! The servers and stacks that tests and runs are given, for real.
#![cfg(test)]

mod receiver;
mod stack;
mod test_services;
mod with_services;
