//! Callbacks: reports of the provider, kept before they are believed (`receive`, `inbox`), matched to their
//! payment, matched again later (`rematch`), or held until a person decides (`quarantine`). The worker calls it,
//! through the shared commit; it calls `payments`. Invariant: nothing that was verified is lost, and it takes
//! effect once however often it comes.

pub(crate) mod inbox;
pub(crate) mod quarantine;
pub(crate) mod read;
pub(crate) mod receive;
pub(crate) mod rematch;
pub(crate) mod snap_tokens;
