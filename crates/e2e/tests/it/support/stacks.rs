//! Stacks for stories. One is shared by all that need no settings, faults or kills of their own:
//! its programs end with this process, and its folder goes when the next stack is made.

use std::sync::OnceLock;

use devstack::{Stack, StackBuilder};

/// The shared stack: loops beat fast, orders expire at once, and only callbacks bring news (an
/// inquiry would hide a lost one).
pub(crate) fn shared() -> &'static Stack {
    static SHARED: OnceLock<Stack> = OnceLock::new();
    SHARED.get_or_init(|| {
        let starting = || actix_rt::System::new().block_on(quick().start());
        let started = std::thread::spawn(starting).join().unwrap();
        started.unwrap_or_else(|trouble| panic!("{trouble}"))
    })
}

/// Where stories with wishes of their own begin.
pub(crate) fn quick() -> StackBuilder {
    Stack::builder()
        .env("SWEEP_INTERVAL_MS", "100")
        .env("EXPIRY_GRACE_MS", "300")
        .env("INQUIRY_SCHEDULE", "10m")
        .env("SHUTDOWN_GRACE_MS", "2000")
}
