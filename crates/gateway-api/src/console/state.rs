//! The state that the console of one process shares: slots for sign-ins, and past hours.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::hourly_volume::Hours;

/// Passwords hashed at once in one process: each takes 19 MiB and a core for a moment.
const HASHES_MAX: usize = 1;
/// Sign-ins that may wait for that.
const SIGN_INS_MAX: usize = 16;

/// The shared state of the console in one process.
#[derive(Clone)]
pub struct Console {
    pub(super) hashes: Arc<Semaphore>,
    pub(super) sign_ins: Arc<Semaphore>,
    pub(super) hours: Arc<Hours>,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
            sign_ins: Arc::new(Semaphore::new(SIGN_INS_MAX)),
            hours: Arc::default(),
        }
    }
}
