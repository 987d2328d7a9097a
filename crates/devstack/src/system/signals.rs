//! Ending on SIGINT or SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

use crate::system::error::{Attempting, Trouble};

/// The event that came first.
pub(crate) enum Outcome<T> {
    /// The end of the work.
    Done(T),
    /// SIGINT or SIGTERM came; the work was dropped half-way, which stops what it had started.
    Interrupted,
}

/// Does the work unless SIGINT or SIGTERM comes first.
pub(crate) async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<Outcome<T>, Trouble> {
    let mut interrupt = signal(SignalKind::interrupt()).attempting("listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).attempting("listen for SIGTERM")?;
    tokio::select! {
        done = work => done.map(Outcome::Done),
        _ = interrupt.recv() => Ok(Outcome::Interrupted),
        _ = terminate.recv() => Ok(Outcome::Interrupted),
    }
}
