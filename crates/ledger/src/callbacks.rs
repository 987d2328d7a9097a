//! Callbacks: what the provider tells us, kept before it is believed, put to its payment, or in quarantine until a
//! person decides. The worker calls it; it calls `payments`. Invariant: nothing that was verified is lost.

pub(crate) mod inbox;
pub(crate) mod quarantine;
pub(crate) mod read;
pub(crate) mod receive;
pub(crate) mod rematch;
pub(crate) mod snap_tokens;
