//! The rows: what the tables hold, table by table, each with the statements that write a set of its rows; and the write
//! set (`write_set`), which sends all of them in one. A transaction (`tx`) collects them here, and every room above adds
//! to them; the rows call `database` and the core and nothing else. They decide nothing.
//! Invariant: a set is written in the order of its keys, so that two transactions never wait for each other crosswise.

pub(crate) mod creations;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod journals;
pub(crate) mod locked;
pub(crate) mod notifications;
pub(crate) mod order_record;
pub(crate) mod orders;
pub(crate) mod payers;
pub(crate) mod payments;
pub(crate) mod prefetched;
pub(crate) mod receipts;
pub(crate) mod seals;
pub(crate) mod tally;
pub(crate) mod values;
pub(crate) mod work;
pub(crate) mod write_set;
