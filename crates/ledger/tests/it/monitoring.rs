//! What people look at: the gauges, the audit of the books, and the console's lists.

mod audit;
mod console;
pub(crate) mod gauges;
