//! Reads that take long: few at once in a process, so that payments always find a connection.

use tokio::sync::Semaphore;

/// Reports made at once.
const REPORTS_MAX: usize = 2;

/// Places for long reads, of all threads.
#[derive(Debug)]
pub struct LongReads {
    /// For reports.
    pub reports: Semaphore,
}

impl Default for LongReads {
    fn default() -> Self {
        Self {
            reports: Semaphore::new(REPORTS_MAX),
        }
    }
}
