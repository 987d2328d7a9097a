//! The large ledger: the figures that may not depend on its size, measured before and after it is
//! filled. The program calls `comparison`; it calls the dataset and the benchmarks. Invariant: the
//! same measurement, twice.

pub(crate) mod comparison;
pub(crate) mod console;
pub(crate) mod lists;
pub(crate) mod page_times;
pub(crate) mod pages;
