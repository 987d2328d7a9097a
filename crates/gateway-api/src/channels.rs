//! Channels: the ways in which a shop can be paid, and whether each can be used at the moment. The URL map calls
//! `routes`; it reads the channel table and the provider client, never the database. Invariant: a channel that is off
//! or cut off is shown as such.

pub mod calls;
pub mod routes;
pub mod view;
