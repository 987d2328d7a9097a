//! The listeners and middlewares, on real sockets.
#![cfg(test)]

mod middlewares;
mod ops;
mod shutdown;
mod silent_connections;
mod support;
