//! Channels: what a shop can be paid with, and whether it can just now. The URL map calls `routes`; it reads the channel
//! table and the provider client, never the database. Invariant: what is off or cut off is told as such.

pub mod calls;
pub mod routes;
pub mod view;
