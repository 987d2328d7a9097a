//! Refunds and reviews: money that goes back, and money that somebody has to decide about. The URL map calls `routes`;
//! the use-cases call the ledger. Invariant: nothing is booked before somebody says that the money went back.

pub mod calls;
pub mod params;
pub mod refund;
pub mod review;
pub mod routes;
pub mod schemas;
pub mod view;
