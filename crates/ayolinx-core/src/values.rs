//! Values: money, identifiers, payment methods, states, and the texts of payers, each read strictly once. Every other
//! room calls it; it calls none of them. Invariant: a value that exists is well-formed.

pub mod email;
pub mod ids;
pub mod method;
pub mod money;
pub mod pan_masking;
pub mod phone;
pub mod states;
pub mod unseen;
