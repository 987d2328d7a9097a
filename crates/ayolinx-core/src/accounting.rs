//! Accounting: the receipts of money that the provider names, their allocation to the payments of an order, and the
//! journals that record it. `orders` calls it; so does the ledger, which stores what is decided here. It calls
//! `values` and `channels`. Invariant: the same facts end in the same receipts, in whatever order they are reported.

pub mod allocation;
pub mod funds;
pub mod posting;
pub mod receipt;
