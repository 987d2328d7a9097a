//! The frame of every measuring program: threads for the load, an end when it is asked to end,
//! whole numbers from the environment, and an exit code.

use std::process::ExitCode;

use devstack::Trouble;
use tokio::{
    runtime::{Builder, Handle},
    signal::unix::{SignalKind, signal},
};

use crate::tools::terminal::complain;

/// Runs `work` with a runtime for its load; returns 0 when every bound held.
pub async fn run<W, F>(work: W) -> ExitCode
where
    W: FnOnce(Handle) -> F,
    F: Future<Output = Result<bool, Trouble>>,
{
    match until_told(work).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

async fn until_told<W, F>(work: W) -> Result<bool, Trouble>
where
    W: FnOnce(Handle) -> F,
    F: Future<Output = Result<bool, Trouble>>,
{
    // The load runs on threads of its own: this one starts and stops programs and waits for them.
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("no threads: {error}")))?;
    let mut terminated = signal(SignalKind::terminate())
        .map_err(|error| Trouble::new(format!("no signals: {error}")))?;
    let interrupted = tokio::signal::ctrl_c();
    let ended = tokio::select! {
        ended = work(runtime.handle().clone()) => ended,
        _ = interrupted => Err(Trouble::new("interrupted")),
        _ = terminated.recv() => Err(Trouble::new("terminated")),
    };
    runtime.shutdown_background();
    ended
}

/// Reads the whole number in a variable; `None` where it is not set.
///
/// # Errors
/// Fails when it is something else.
pub fn number(name: &str) -> Result<Option<u64>, Trouble> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => text
            .parse()
            .map(Some)
            .map_err(|_| Trouble::new(format!("{name} must be a whole number"))),
        _ => Ok(None),
    }
}
