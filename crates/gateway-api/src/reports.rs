//! Reports: the sums of one day in Jakarta. The URL map calls `routes`; the use-case calls the ledger, in a slot for
//! long reads. Invariant: the sums of all days are the sums of the ledger.

pub mod calls;
pub mod daily_report;
pub mod params;
pub mod routes;
pub mod view;
