//! The promises of the gateway, kept by the real programs over real sockets and a real Postgres.
//! The file names are the list; what a story needs stands in `support`.
#![cfg(test)]

mod order_expires;
mod order_is_cancelled;
mod order_is_paid_by_each_method;
mod support;
