//! Accounts: merchants and their keys, operators and their sessions, and the rotation of what both are sealed with.

mod merchants;
mod operators;
mod rotation;
