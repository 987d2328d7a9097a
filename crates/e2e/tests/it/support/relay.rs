//! What stands before the replicas in production: one address, and whoever of them accepts.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The address. Its threads end with the process.
pub(crate) struct Relay {
    url: String,
    replicas: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let replicas: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = Arc::clone(&replicas);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let replicas = {
                    let mut replicas = shared.lock().unwrap();
                    if !replicas.is_empty() {
                        replicas.rotate_left(1);
                    }
                    replicas.clone()
                };
                thread::spawn(move || forward(stream, &replicas));
            }
        });
        Self { url, replicas }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Who stands behind it, by their URLs.
    pub(crate) fn send_to(&self, urls: &[String]) {
        let plain = |url: &String| url.trim_start_matches("http://").to_owned();
        *self.replicas.lock().unwrap() = urls.iter().map(plain).collect();
    }
}

/// To the first that accepts; when none does, the connection just ends.
fn forward(client: TcpStream, replicas: &[String]) {
    let accepted = replicas.iter().find_map(|to| TcpStream::connect(to).ok());
    let Some(replica) = accepted else {
        return;
    };
    let (Ok(from_client), Ok(to_replica)) = (client.try_clone(), replica.try_clone()) else {
        return;
    };
    let up = thread::spawn(move || pump(from_client, to_replica));
    pump(replica, client);
    up.join().ok();
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    // However it ends, the other side is told that nothing more comes.
    io::copy(&mut from, &mut to).ok();
    to.shutdown(Shutdown::Write).ok();
}
