//! The journal: what an order's receipts come to, and the double entries that say so. `payments` calls it while it
//! applies an observation, and readers ask it for balances; it calls the rows and the core, which decides.
//! Invariant: every journal sums to zero and names its receipt.

pub(crate) mod entries;
pub(crate) mod funds;
