//! Audit: the rules that hold orders, payments, receipts and journals together (`checks`), and the changes that an
//! answer of the provider would make to a payment (`reconciliation`). `gatewayctl` calls it; it calls `payments`
//! and `journal` for the present state. Invariant: it reads and changes nothing.

pub(crate) mod checks;
pub(crate) mod reconciliation;
