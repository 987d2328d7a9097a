//! The journal: the money of an order's receipts (`funds`), and the double entries that record it
//! (`entries`). `payments` calls it while it applies an observation, `webhooks` and `audit` to see the money;
//! it calls the transaction and the core, which decides. Invariant: every journal sums to zero and names its
//! receipt.

pub(crate) mod entries;
pub(crate) mod funds;
