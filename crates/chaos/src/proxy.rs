//! A TCP proxy that stands before one dependency and misbehaves on command: refuses, resets, swallows, delays, drips,
//! cuts. Rules hold for each direction and change at run time; counters prove that a fault bit. Rules never change
//! what the bytes say: TCP would not either. The harness and `bench` put one before each dependency; it knows none of
//! them. Invariant: a rule that is lifted lets everything pass again.

mod counters;
mod pump;
mod rules;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use devstack::Trouble;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::watch,
};

pub use counters::Counters;
pub use rules::{Accept, Flow, Rules};

use self::pump::{Cut, pump};

const REBIND_EVERY: Duration = Duration::from_millis(20);

struct Shared {
    upstreams: Mutex<Vec<SocketAddr>>,
    turn: AtomicU64,
    counters: Counters,
}

/// A running proxy. Dropping it closes it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    rules: watch::Sender<Rules>,
    cutting: watch::Sender<u64>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

impl Proxy {
    /// Listens on a free loopback port, its work done on `runtime`; without an upstream yet it
    /// resets every connection.
    ///
    /// # Errors
    /// Fails when no port can be had.
    pub fn start(runtime: &Handle) -> Result<Self, Trouble> {
        let attempt = |error: std::io::Error| Trouble::new(format!("could not proxy: {error}"));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(attempt)?;
        listener.set_nonblocking(true).map_err(attempt)?;
        let address = listener.local_addr().map_err(attempt)?;
        let shared = Arc::new(Shared {
            upstreams: Mutex::default(),
            turn: AtomicU64::new(0),
            counters: Counters::default(),
        });
        let (rules, rules_seen) = watch::channel(Rules::default());
        let (cutting, cuts_seen) = watch::channel(0);
        let door = Door {
            address,
            shared: shared.clone(),
            rules: rules_seen,
            cuts: cuts_seen,
        };
        runtime.spawn(async move {
            if let Ok(listener) = TcpListener::from_std(listener) {
                door.serve(Some(listener)).await;
            }
        });
        Ok(Self {
            address,
            shared,
            rules,
            cutting,
        })
    }

    /// Returns the address at which it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the counters of its acts.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Sends new connections to these in turn from now on, to the next one when one refuses.
    pub fn forward_to(&self, upstreams: Vec<SocketAddr>) {
        *lock(&self.shared.upstreams) = upstreams;
    }

    /// Sets the rules from now on, for open connections too.
    pub fn set(&self, rules: Rules) {
        let resets = rules.accept != Accept::Pass;
        self.rules.send_replace(rules);
        if resets {
            self.reset_all();
        }
    }

    /// Ends every open connection by RST.
    pub fn reset_all(&self) {
        self.cutting
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Passes everything again. Connections that a black hole or a delay has broken stay broken:
    /// they are reset, as a healed network would leave them to time out.
    pub fn heal(&self) {
        self.rules.send_replace(Rules::default());
    }
}

struct Door {
    address: SocketAddr,
    shared: Arc<Shared>,
    rules: watch::Receiver<Rules>,
    cuts: watch::Receiver<u64>,
}

impl Door {
    async fn serve(mut self, mut listener: Option<TcpListener>) {
        loop {
            let accept = self.rules.borrow_and_update().accept;
            if accept == Accept::Refuse {
                listener = None;
                if self.rules.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let Some(open) = &listener else {
                match TcpListener::bind(self.address).await {
                    Ok(bound) => listener = Some(bound),
                    Err(_taken) => tokio::time::sleep(REBIND_EVERY).await,
                }
                continue;
            };
            tokio::select! {
                changed = self.rules.changed() => if changed.is_err() { return },
                taken = open.accept() => if let Ok((client, _peer)) = taken {
                    self.take(client, accept);
                },
            }
        }
    }

    fn take(&self, client: TcpStream, accept: Accept) {
        Counters::count(&self.shared.counters.accepted);
        if accept == Accept::Reset {
            Counters::count(&self.shared.counters.reset);
            reset(client);
            return;
        }
        let connection = Connection {
            shared: self.shared.clone(),
            rules: self.rules.clone(),
            cuts: self.cuts.clone(),
        };
        tokio::spawn(connection.run(client));
    }
}

struct Connection {
    shared: Arc<Shared>,
    rules: watch::Receiver<Rules>,
    cuts: watch::Receiver<u64>,
}

impl Connection {
    async fn run(mut self, mut client: TcpStream) {
        self.cuts.mark_unchanged();
        let Some(mut server) = self.connect().await else {
            reset(client);
            return;
        };
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        let was_cut = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let counters = &self.shared.counters;
            let up = pump(
                from_client,
                to_server,
                self.rules.clone(),
                counters,
                |rules| rules.to_server.clone(),
            );
            let down = pump(
                from_server,
                to_client,
                self.rules.clone(),
                counters,
                |rules| rules.to_client.clone(),
            );
            tokio::select! {
                ended = async { tokio::try_join!(up, down) } => matches!(ended, Err(Cut)),
                cut = self.cuts.changed() => {
                    if cut.is_ok() {
                        Counters::count(&counters.reset);
                    }
                    true
                }
            }
        };
        if was_cut {
            reset(client);
            reset(server);
        }
    }

    async fn connect(&self) -> Option<TcpStream> {
        let upstreams = lock(&self.shared.upstreams).clone();
        let turn = self.shared.turn.fetch_add(1, Ordering::Relaxed);
        let first = usize::try_from(turn)
            .unwrap_or(0)
            .checked_rem(upstreams.len())?;
        for upstream in upstreams.iter().cycle().skip(first).take(upstreams.len()) {
            if let Ok(server) = TcpStream::connect(upstream).await {
                return Some(server);
            }
        }
        None
    }
}

/// Closes with RST instead of FIN.
fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok();
    drop(stream);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
