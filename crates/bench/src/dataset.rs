//! The dataset: orders by the hundred thousand, as copies of one that the API made. The benchmarks
//! of lists and of a large ledger call it. Invariant: a copied row can be told from its number
//! alone.

pub(crate) mod fill;
pub(crate) mod row_cloner;
