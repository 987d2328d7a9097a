//! Provider work: the calls to be made to the provider, their due times and leases (`queue`), and calls that
//! nothing else records (`calls`). The worker's loops and `payments` call it; it calls the transaction alone.
//! Invariant: a worker whose lease was taken over changes nothing.

pub(crate) mod calls;
pub(crate) mod queue;
