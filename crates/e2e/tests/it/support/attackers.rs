//! Clients that mean harm: many connections that send or read as slowly as they can, on raw sockets,
//! each opened again when the server ends it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

const TICK: Duration = Duration::from_millis(200);
/// Small, so that a reply does not simply vanish in the kernel's buffer.
const RECEIVE_BUFFER_BYTES: usize = 2048;

/// How one kind of attacker behaves.
#[derive(Clone)]
pub(crate) struct Manner {
    pub(crate) name: &'static str,
    /// Sent at once.
    pub(crate) opening: Vec<u8>,
    /// Sent at each tick, while the server takes it.
    pub(crate) drip: &'static [u8],
    /// Reads a byte at each tick, instead of all there is.
    pub(crate) reads_slowly: bool,
}

/// What the attackers of one manner saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Connections made.
    pub(crate) opened: usize,
    /// Connections the server ended.
    pub(crate) ended: usize,
    /// The longest that the server bore with one.
    pub(crate) longest: Duration,
    /// Status lines of replies, without repeats.
    pub(crate) statuses: Vec<String>,
}

/// Attackers at work, on a thread of their own.
pub(crate) struct Attack {
    pub(crate) what: String,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Attack {
    /// Keeps up so many connections to this address.
    pub(crate) fn on(address: SocketAddr, manner: Manner, connections: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let what = format!("{} on {address}", manner.name);
        let told = Arc::clone(&stop);
        let thread = thread::spawn(move || keep_up(address, &manner, connections, &told));
        Self { what, stop, thread }
    }

    /// Ends it. Connections that are open count as borne with until now.
    pub(crate) fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

struct Connection {
    stream: TcpStream,
    began: Instant,
}

fn keep_up(address: SocketAddr, manner: &Manner, connections: usize, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut open: Vec<Connection> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        while open.len() < connections {
            let Some(stream) = begin(address, manner) else {
                break;
            };
            let began = Instant::now();
            open.push(Connection { stream, began });
            seen.opened += 1;
        }
        open.retain_mut(|connection| {
            let held = goes_on(connection, manner, &mut seen.statuses);
            seen.longest = seen.longest.max(connection.began.elapsed());
            seen.ended += usize::from(!held);
            held
        });
        thread::sleep(TICK);
    }
    seen
}

/// A connection with the opening sent; none when the server cannot be reached or ended it already.
fn begin(address: SocketAddr, manner: &Manner) -> Option<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    if manner.reads_slowly {
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    }
    socket
        .connect_timeout(&address.into(), Duration::from_secs(5))
        .ok()?;
    let mut stream = TcpStream::from(socket);
    stream.write_all(&manner.opening).ok()?;
    stream.set_nonblocking(true).unwrap();
    Some(stream)
}

/// One tick of one connection: whether the server still holds it.
fn goes_on(connection: &mut Connection, manner: &Manner, statuses: &mut Vec<String>) -> bool {
    let mut buffer = [0_u8; 4096];
    let most = if manner.reads_slowly { 1 } else { buffer.len() };
    match connection.stream.read(&mut buffer[..most]) {
        Ok(0) => return false,
        Ok(count) => note_status(&buffer[..count], statuses),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        Err(_reset) => return false,
    }
    match connection.stream.write_all(manner.drip) {
        Ok(()) => true,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

fn note_status(bytes: &[u8], statuses: &mut Vec<String>) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(rest) = text.strip_prefix("HTTP/1.1 ") {
        let status: String = rest.chars().take(3).collect();
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
}
