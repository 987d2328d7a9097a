//! Callbacks: what the provider tells us, kept before it is believed (`receive`, `inbox`), put to its payment,
//! matched again later (`rematch`), or held until a person decides (`quarantine`). The worker calls it, through the
//! shared commit; it calls `payments`. Invariant: nothing that was verified is lost, and it takes effect once
//! however often it comes.

pub(crate) mod inbox;
pub(crate) mod quarantine;
pub(crate) mod read;
pub(crate) mod receive;
pub(crate) mod rematch;
pub(crate) mod snap_tokens;
