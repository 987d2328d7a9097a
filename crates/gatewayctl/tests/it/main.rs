//! The real binary, against a real database, with an environment of its own.

mod accounts;
mod rig;
