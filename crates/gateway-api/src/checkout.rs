//! Checkout: the pages of payers. The listener for payers calls `routes`; the pages are pure functions of a view of the
//! order, and a choice of a way to pay goes to `orders::add_payment`.
//! Invariant: without its token an existing order cannot be told from one that does not exist.

pub mod choices;
pub mod events;
pub mod formats;
pub mod language;
pub mod page;
pub mod query;
pub mod reply;
pub mod routes;
pub mod token;
