//! Privacy: no table holds a payer in plain text, and an erased one is in none.

mod erase;
pub(crate) mod plain_text;
