//! Tools: clock, seeded randomness, journals, HTTP by hand, processes, the terminal, and the frame of a measuring
//! program. Every other room and `bench` stand on them; they know nothing of the gateway. Invariant: nothing here
//! shares code with the product.

pub mod clock;
pub mod http;
pub mod journal;
pub mod processes;
pub mod program;
pub mod rng;
pub mod terminal;
pub mod timeline;
