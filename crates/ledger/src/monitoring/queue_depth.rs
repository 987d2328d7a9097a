//! How much waits in a queue, and for how long.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// How much waits, and for how many seconds the oldest of it.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct QueueDepth {
    /// Which queue: a kind of provider work, `unknown`, `inbox`, `paid_untold`.
    #[diesel(sql_type = Text)]
    pub queue: String,
    /// How much, as far as it is counted.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Since how many seconds.
    #[diesel(sql_type = BigInt)]
    pub oldest_seconds: i64,
}
