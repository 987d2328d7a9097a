//! Ending on purpose: one token that everybody watches, set by SIGTERM, SIGINT or by hand, and a
//! bounded time to finish what was begun.

use std::{io, sync::Arc, time::Duration};

use actix_web::dev::{Server, ServerHandle};
use futures_util::future::join_all;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::timeout,
};

use crate::ops::Health;

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
    /// A token that only [`Shutdown::trigger`] sets.
    pub fn new() -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(false)),
        }
    }

    /// A token set by the first SIGTERM or SIGINT. Must be called inside the runtime.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let token = shutdown.clone();
        actix_web::rt::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("SIGTERM received, stopping"),
                _ = interrupt.recv() => tracing::info!("SIGINT received, stopping"),
            }
            token.trigger();
        });
        Ok(shutdown)
    }

    /// Tells everybody to stop. Again is harmless.
    pub fn trigger(&self) {
        self.sender.send_replace(true);
    }

    /// Whether stopping has begun.
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

/// Runs the servers until the token is set, then stops accepting and gives the requests in flight
/// `grace` to finish. Returns after that even if some have not: they are cut when the process ends.
/// Also ends, with the token set, when a server ends by itself. The health is marked as draining
/// first, so that no new work is sent here. Give each server a `shutdown_timeout` not shorter than
/// `grace`.
pub async fn serve(
    servers: Vec<Server>,
    shutdown: &Shutdown,
    health: &Health,
    grace: Duration,
) -> io::Result<()> {
    let handles: Vec<ServerHandle> = servers.iter().map(Server::handle).collect();
    // Each server is driven by a task of its own until it has ended: one that is dropped would cut
    // its requests, however gracefully it was told to stop.
    let running: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let token = shutdown.clone();
            actix_web::rt::spawn(async move {
                let ended = server.await;
                token.trigger();
                ended
            })
        })
        .collect();
    shutdown.wait().await;
    health.unready("draining");
    let draining = async {
        join_all(handles.iter().map(|handle| handle.stop(true))).await;
        let mut first_failure = Ok(());
        for ended in join_all(running).await {
            first_failure = first_failure.and(ended.map_err(io::Error::other)?);
        }
        first_failure
    };
    match timeout(grace, draining).await {
        Ok(ended) => ended,
        Err(_elapsed) => {
            let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(grace_ms, "requests in flight did not end in time");
            Ok(())
        }
    }
}
