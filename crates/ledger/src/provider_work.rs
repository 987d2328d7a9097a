//! Provider work: what is to be asked of or told to the provider, when, and who has it in hand. The worker's loops call
//! it. Invariant: a lease outlasts the work done under it.

pub(crate) mod calls;
pub(crate) mod queue;
