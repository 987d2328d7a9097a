//! Events: shops pull the feed, see the state of deliveries, and have events sent again. The URL map calls `routes`;
//! the use-cases call the ledger. Invariant: an event is returned as the very bytes of its webhook.

pub mod calls;
pub mod feed;
pub mod params;
pub mod redelivery;
pub mod routes;
pub mod schemas;
pub mod view;
