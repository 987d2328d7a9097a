//! The merchant API's edge, over real sockets.
#![cfg(test)]

mod bad_bodies;
mod documents;
mod edge;
mod events;
mod far_database;
mod held_reads;
mod odd_requests;
mod rate_limit;
mod reports;
mod scopes;
mod service;
mod strangers;
mod transport;
mod untouched_by_noise;
mod waiting_pages;
mod webhook_endpoints;
