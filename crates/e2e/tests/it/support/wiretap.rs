//! A wire between the gateway and the provider that keeps what the gateway says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Line {
    to: Mutex<Option<SocketAddr>>,
    said: Mutex<Vec<u8>>,
}

/// The wire; it leads nowhere until it is told where to.
pub(crate) struct Wiretap {
    line: Arc<Line>,
    port: u16,
}

impl Wiretap {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::<Line>::default();
        let shared = Arc::clone(&line);
        std::thread::spawn(move || {
            for gateway in listener.incoming().flatten() {
                let line = Arc::clone(&shared);
                std::thread::spawn(move || carry(gateway, &line));
            }
        });
        Self { line, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Leads to this origin from now on.
    pub(crate) fn leads_to(&self, origin: &str) {
        let address = origin.trim_start_matches("http://").parse().unwrap();
        *self.line.to.lock().unwrap() = Some(address);
    }

    /// All that the gateway said.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.line.said.lock().unwrap().clone()
    }
}

fn carry(gateway: TcpStream, line: &Arc<Line>) {
    let to = *line.to.lock().unwrap();
    let Some(Ok(provider)) = to.map(TcpStream::connect) else {
        return;
    };
    let (mut back_from, mut back_to) =
        (provider.try_clone().unwrap(), gateway.try_clone().unwrap());
    let answering = std::thread::spawn(move || {
        std::io::copy(&mut back_from, &mut back_to).ok();
        back_to.shutdown(Shutdown::Write).ok();
    });
    let (mut from, mut to) = (gateway, provider);
    let mut chunk = [0_u8; 4096];
    while let Ok(count) = from.read(&mut chunk) {
        line.said.lock().unwrap().extend_from_slice(&chunk[..count]);
        if count == 0 || to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Write).ok();
    answering.join().ok();
}
