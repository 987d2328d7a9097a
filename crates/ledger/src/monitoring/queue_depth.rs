//! The number of entries that wait in a queue, and the age of the oldest.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// The number of entries that wait, and the age of the oldest.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct QueueDepth {
    /// The queue: a kind of provider work, `unknown`, `inbox`, `paid_untold`.
    #[diesel(sql_type = Text)]
    pub queue: String,
    /// Number of entries, as far as they are counted.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Age of the oldest in seconds.
    #[diesel(sql_type = BigInt)]
    pub oldest_seconds: i64,
}
