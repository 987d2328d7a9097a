//! Silent connections: those whose first request has not come yet. A listener that is nearly full ends the
//! oldest of them, so that a client that connects and sends nothing, or half a request, keeps out no client
//! that sends one. The head deadline alone does not do that: a client that comes again at once holds every
//! slot all the time.

use std::any::Any;
use std::collections::VecDeque;
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};
use tokio::sync::Notify;
use tokio::time::sleep;

/// Time until a client that speaks at all has spoken: its words come with the handshake's last packet.
const SPOKEN_BY: Duration = Duration::from_millis(10);
/// Pause between two looks while the listener is nearly full.
const PAUSE: Duration = Duration::from_millis(5);

/// The connections of one listener.
pub struct Connections {
    most: usize,
    open: AtomicUsize,
    silent: Mutex<VecDeque<Accepted>>,
    is_pressed: Arc<Notify>,
}

/// A connection that came while half of the slots were taken.
struct Accepted {
    at: Instant,
    silent: Weak<Silent>,
}

/// Its socket, as long as it has sent nothing; it is the second descriptor of the connection.
struct Silent(Mutex<Option<Socket>>);

/// The data that is kept beside a connection until it ends.
struct Open {
    connections: Arc<Connections>,
    silent: Option<Arc<Silent>>,
}

impl Connections {
    /// Creates the connections of a listener that takes at most `most`. A task on the caller's runtime
    /// watches over them until the listener is gone.
    #[must_use]
    pub fn of(most: usize) -> Arc<Self> {
        let connections = Arc::new(Self {
            most: most.max(4),
            open: AtomicUsize::new(0),
            silent: Mutex::default(),
            is_pressed: Arc::default(),
        });
        actix_web::rt::spawn(watch(Arc::downgrade(&connections)));
        connections
    }

    /// Counts a new connection; for `HttpServer::on_connect`.
    pub fn accepted(self: &Arc<Self>, io: &dyn Any, connection: &mut Extensions) {
        let open = self.open.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        let is_crowded = open > self.most / 2;
        let silent = is_crowded.then(|| self.note_silent(io)).flatten();
        connection.insert(Open {
            connections: Arc::clone(self),
            silent,
        });
        if self.is_nearly_full() {
            self.is_pressed.notify_one();
        }
    }

    fn note_silent(&self, io: &dyn Any) -> Option<Arc<Silent>> {
        let stream = io.downcast_ref::<TcpStream>()?;
        let socket = SockRef::from(stream).try_clone().ok()?;
        let silent = Arc::new(Silent(Mutex::new(Some(socket))));
        let mut all = self.silent();
        while all.front().is_some_and(|first| !first.is_silent()) {
            all.pop_front();
        }
        all.push_back(Accepted {
            at: Instant::now(),
            silent: Arc::downgrade(&silent),
        });
        Some(silent)
    }

    fn is_nearly_full(&self) -> bool {
        self.open.load(Ordering::Acquire) >= self.most.saturating_sub(self.most / 4)
    }

    /// Ends the oldest that have sent nothing, until half of the slots are free; returns how many.
    fn end_silent(&self) -> usize {
        let open = self.open.load(Ordering::Acquire);
        let too_many = open.saturating_sub(self.most / 2);
        let mut ended = 0_usize;
        let mut all = self.silent();
        while ended < too_many
            && all
                .front()
                .is_some_and(|first| first.at.elapsed() >= SPOKEN_BY)
        {
            let ends = all.pop_front().is_some_and(|first| first.end());
            ended = ended.saturating_add(usize::from(ends));
        }
        ended
    }

    fn silent(&self) -> MutexGuard<'_, VecDeque<Accepted>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.is_pressed.notify_one();
    }
}

impl Accepted {
    fn is_silent(&self) -> bool {
        self.silent
            .upgrade()
            .is_some_and(|one| one.socket().is_some())
    }

    /// Shuts the connection down for both sides; returns `false` if it has sent something or ended before.
    fn end(&self) -> bool {
        let silent = self.silent.upgrade();
        let socket = silent.and_then(|one| one.socket().take());
        socket.is_some_and(|socket| socket.shutdown(Shutdown::Both).is_ok())
    }
}

impl Silent {
    fn socket(&self) -> MutexGuard<'_, Option<Socket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn watch(connections: Weak<Connections>) {
    let mut is_told = false;
    while let Some(all) = connections.upgrade() {
        if all.is_nearly_full() {
            let ended = all.end_silent();
            if ended > 0 && !is_told {
                tracing::warn!(
                    limit = all.most,
                    "a listener was nearly full: its silent connections are ended"
                );
            }
            is_told |= ended > 0;
            drop(all);
            sleep(PAUSE).await;
        } else {
            is_told = false;
            let pressed = Arc::clone(&all.is_pressed);
            drop(all);
            pressed.notified().await;
        }
    }
}

/// Marks a connection whose request has come as no longer silent; middleware (for `middleware::from_fn`).
///
/// # Errors
/// Those of inner middlewares.
pub async fn heard<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if let Some(silent) = request
        .conn_data::<Open>()
        .and_then(|open| open.silent.as_ref())
    {
        drop(silent.socket().take());
    }
    next.call(request).await
}
