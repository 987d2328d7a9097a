//! The journal: receipts of money, how they are allotted to payments, and the double entries that say so. `payments` and
//! `refunds` call it. Invariant: every journal balances, and names its receipt.

pub(crate) mod entries;
pub(crate) mod funds;
