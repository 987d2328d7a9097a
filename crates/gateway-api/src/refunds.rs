//! Refunds and reviews: money that is returned, and money that a person has to decide about. The URL map calls
//! `routes`; the use-cases call the ledger. Invariant: nothing is booked before somebody reports that the money was
//! returned.

pub mod calls;
pub mod params;
pub mod refund;
pub mod review;
pub mod routes;
pub mod schemas;
pub mod view;
