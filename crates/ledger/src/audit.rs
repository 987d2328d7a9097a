//! Audit: the rules that hold orders, payments, receipts and journals together, and what a payment comes to when the
//! provider is asked again. `gatewayctl` and the worker call it; it reads and changes nothing.

pub(crate) mod checks;
pub(crate) mod reconciliation;
