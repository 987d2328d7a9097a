//! Starts and stops: one thread with its own runtime for the courier and the accept loop, workers beside it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};
use service_shell::head;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{mpsc, oneshot};

use crate::provider::sandbox::Sandbox;
use crate::provider::settings::SandboxSettings;
use crate::{
    StartError,
    callbacks::callback_sender,
    http::{api, connection, control},
};

/// Largest request body.
const BODY_BYTES_MAX: usize = 256 * 1024;
const BACKLOG: i32 = 1_024;
const WORKERS: usize = 2;
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A sandbox that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct RunningSandbox {
    /// The address where it listens.
    pub addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningSandbox {
    /// Returns `http://ADDRESS:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops it and waits until its port is free. Open connections are cut.
    pub fn stop(mut self) {
        self.signal();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sandbox's thread panicked");
        }
    }

    fn signal(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            stop.send(()).unwrap_or_default();
        }
    }
}

impl Drop for RunningSandbox {
    fn drop(&mut self) {
        self.signal();
    }
}

/// Binds, makes its keys, and serves in the background. Needs no runtime of the caller's.
///
/// # Errors
/// [`StartError`] when a setting is wrong, a key unreadable or the address taken.
pub fn start(settings: SandboxSettings) -> Result<RunningSandbox, StartError> {
    // An error means that a provider is installed already.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = settings.checked()?;
    let bind = settings.bind;
    let (jobs, job_receiver) = mpsc::unbounded_channel();
    let sandbox = Arc::new(Sandbox::new(settings, jobs)?);
    let listener = listen(bind).map_err(|source| StartError::Bind { bind, source })?;
    let addr = listener
        .local_addr()
        .map_err(|source| StartError::Bind { bind, source })?;
    let (stop, stopped) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("ayolinx-sandbox".to_owned())
        .spawn(move || {
            actix_rt::System::new().block_on(async move {
                actix_rt::spawn(callback_sender::run(Arc::clone(&sandbox), job_receiver));
                if let Err(error) = serve(sandbox, listener, stopped).await {
                    tracing::error!(%error, "the sandbox has ended");
                }
            });
        })
        .map_err(|source| StartError::Bind { bind, source })?;
    Ok(RunningSandbox {
        addr,
        stop: Some(stop),
        thread: Some(thread),
    })
}

async fn serve(
    sandbox: Arc<Sandbox>,
    listener: TcpListener,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(head::as_get))
            .app_data(Data::new(Arc::clone(&sandbox)))
            .app_data(PayloadConfig::new(BODY_BYTES_MAX))
            .service(web::scope("/_sandbox").configure(control::routes))
            .default_service(web::to(api::handle))
    })
    .on_connect(connection::keep_socket)
    .workers(WORKERS)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    actix_rt::spawn(async move {
        if stopped.await.is_ok() {
            handle.stop(false).await;
        }
    });
    server.await
}

fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(bind), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&bind.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
