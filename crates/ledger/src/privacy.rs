//! Privacy: the payer's personal data, sealed in one place (`payers`), erased on demand (`erase`), sealed anew
//! (`reseal`), and free text made fit to be shown (`masking`). `orders`, `payments` and `webhooks` call it for
//! payers, `ledger` and `gatewayctl` to erase; it calls the transaction alone. Invariant: a payer's data is stored
//! sealed, never in plain text.

pub(crate) mod erase;
pub(crate) mod masking;
pub(crate) mod payers;
pub(crate) mod reseal;
