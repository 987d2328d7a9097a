//! Provider work: what is to be asked of or told to the provider, when, and who has it in hand (`queue`), and calls
//! of which nothing else tells (`calls`). The worker's loops and `payments` call it; it calls the transaction
//! alone. Invariant: a worker whose lease was taken over changes nothing.

pub(crate) mod calls;
pub(crate) mod queue;
