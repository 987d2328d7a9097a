//! Privacy: the payer's personal data, sealed in one place, erased on demand, and what may be shown of free text.

pub(crate) mod erase;
pub(crate) mod masking;
pub(crate) mod payers;
pub(crate) mod reseal;
