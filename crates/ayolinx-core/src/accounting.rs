//! Accounting: the receipts of money that the provider names, how they are allotted to the payments of an order, and
//! the journals that say so. `orders` calls it; so does the ledger, which stores what is decided here. It calls
//! `values` and `channels`. Invariant: the same facts end in the same receipts, whatever order they are told in.

pub mod allocation;
pub mod funds;
pub mod posting;
pub mod receipt;
