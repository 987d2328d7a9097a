//! Callbacks: each is stored once and in force once, and the order they come in makes no difference.

pub(crate) mod inbox;
mod order_of_telling;
mod sequences;
