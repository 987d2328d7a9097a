//! The benchmarks of an empty ledger, and the table of them all. The program calls the table; each
//! benchmark stands on the harness. Invariant: every row shows its bound beside its measurement.

pub(crate) mod callbacks;
pub(crate) mod creates;
pub(crate) mod loops;
pub(crate) mod order_lifecycles;
pub(crate) mod pgbench;
pub(crate) mod reads;
pub(crate) mod startup_time;
pub(crate) mod table;
