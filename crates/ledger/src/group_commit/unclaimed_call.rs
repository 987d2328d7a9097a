//! The outcome of a request to create, until somebody takes it. A call that nobody takes, because
//! its commit came too late, failed, or is unknown, or because the caller hung up, is certainly not
//! sent: its maker is notified, and can note it.

use std::sync::Arc;

use crate::orders::begin_outcome::Begun;

/// The function that is given what was begun and not taken; called on any thread, so it must not
/// block.
pub type OnUntaken = Arc<dyn Fn(Begun) + Send + Sync>;

/// A begun request; dropped untaken, it is reported.
pub struct Untaken {
    begun: Option<Begun>,
    report: OnUntaken,
}

impl Untaken {
    /// Guards a begun request.
    #[must_use]
    pub const fn new(begun: Begun, report: OnUntaken) -> Self {
        Self {
            begun: Some(begun),
            report,
        }
    }

    /// Takes it: nothing is reported any more. `None` only when it was taken before.
    #[must_use]
    pub fn take(mut self) -> Option<Begun> {
        self.begun.take()
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        if let Some(begun) = self.begun.take() {
            (self.report)(begun);
        }
    }
}
