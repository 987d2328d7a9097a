//! Ending on purpose: one token that every part watches, set by SIGTERM, SIGINT or by hand, and a
//! bounded time to finish what was begun.

use std::{io, sync::Arc, time::Duration};

use actix_web::{
    dev::{Server, ServerHandle},
    rt::{spawn, task::JoinHandle},
};
use futures_util::future::join_all;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{sleep, timeout},
};

use crate::process::ops::Health;

/// A token that says when to stop. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    sender: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Creates a token that only [`Shutdown::trigger`] sets.
    pub fn new() -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Creates a token set by the first SIGTERM or SIGINT. Must be called inside the runtime.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = shutdown.clone();
        spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("SIGTERM received, stopping"),
                _ = interrupt.recv() => tracing::info!("SIGINT received, stopping"),
            }
            token.trigger();
        });
        Ok(shutdown)
    }

    /// Tells every part to stop. Repeating it is harmless.
    pub fn trigger(&self) {
        self.sender.send_replace(true);
    }

    /// Returns whether stopping has begun.
    pub fn is_triggered(&self) -> bool {
        *self.sender.borrow()
    }

    /// Waits until stopping has begun.
    pub async fn wait(&self) {
        let mut receiver = self.sender.subscribe();
        // An error would mean that the sender is gone, and we hold it.
        if receiver.wait_for(|stop| *stop).await.is_err() {
            tracing::debug!("shutdown token closed");
        }
    }
}

/// The times of a service's end, after it is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Time for which it goes on accepting, unready: those who send requests here learn of it late.
    pub delay: Duration,
    /// Time after that for the requests in flight to finish.
    pub grace: Duration,
}

/// Runs the servers until the token is set, marks the health as draining, goes on accepting for the
/// delay, then stops accepting and gives the requests in flight the grace to finish. Returns after
/// that even if some have not: they are cut when the process ends. Also ends, with the token set and
/// without the delay, when a server ends by itself. `ops` answers until all others have ended. Give
/// each server a `shutdown_timeout` not shorter than the grace.
pub async fn serve(
    servers: Vec<Server>,
    ops: Server,
    shutdown: &Shutdown,
    health: &Health,
    ending: Ending,
) -> io::Result<()> {
    let handles: Vec<ServerHandle> = servers.iter().map(Server::handle).collect();
    let ops_handle = ops.handle();
    let ops = run(ops, shutdown);
    let running: Vec<Running> = servers
        .into_iter()
        .map(|server| run(server, shutdown))
        .collect();
    shutdown.wait().await;
    health.unready("draining");
    let has_ended = || ops.is_finished() || running.iter().any(Running::is_finished);
    if !has_ended() {
        sleep(ending.delay).await;
    }
    let draining = async {
        join_all(handles.iter().map(|handle| handle.stop(true))).await;
        let mut first_failure = Ok(());
        for ended in join_all(running).await {
            first_failure = first_failure.and(ended.map_err(io::Error::other)?);
        }
        first_failure
    };
    let drained = match timeout(ending.grace, draining).await {
        Ok(ended) => ended,
        Err(_elapsed) => {
            let grace_ms = u64::try_from(ending.grace.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(grace_ms, "requests in flight did not end in time");
            Ok(())
        }
    };
    ops_handle.stop(false).await;
    drained.and(ops.await.map_err(io::Error::other)?)
}

type Running = JoinHandle<io::Result<()>>;

/// Drives a server in a task of its own until it has ended: dropping it would cut its
/// requests, however gracefully it was told to stop.
fn run(server: Server, shutdown: &Shutdown) -> Running {
    let token = shutdown.clone();
    spawn(async move {
        let ended = server.await;
        token.trigger();
        ended
    })
}
