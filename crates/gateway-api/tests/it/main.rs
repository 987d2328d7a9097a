//! The merchant API's edge, over real sockets.
#![cfg(test)]

mod bad_bodies;
mod documents;
mod edge;
mod events;
mod service;
mod transport;
mod untouched_by_noise;
mod webhook_endpoints;
