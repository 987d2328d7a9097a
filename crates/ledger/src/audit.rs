//! Audit: the rules that hold orders, payments, receipts and journals together (`checks`), and what a payment would
//! come to by an answer of the provider (`reconciliation`). `gatewayctl` calls it; it calls `payments` and
//! `journal` for what stands. Invariant: it reads and changes nothing.

pub(crate) mod checks;
pub(crate) mod reconciliation;
