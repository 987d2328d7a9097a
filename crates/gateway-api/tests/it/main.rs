//! The merchant API's edge, over real sockets.
#![cfg(test)]

mod bad_bodies;
mod documents;
mod edge;
mod transport;
mod untouched_by_noise;
