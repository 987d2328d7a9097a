//! The callbacks: their bodies, signatures and tokens, and the repeats on the provider's plan, from one thread. They
//! are given jobs through a queue and call the service only to settle. Invariant: every attempt is recorded and
//! journaled.

pub(crate) mod callback_sender;
pub(crate) mod exchange;
pub(crate) mod notification;
pub(crate) mod snap_tokens;
