//! The public edge of the core: signing vectors, JSON spelling, provider messages, channels.

mod json_style;
mod signing_vectors;
mod transitions;
mod vectors;
