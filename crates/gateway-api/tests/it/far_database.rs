//! A database that is so far away: what is sent to it and what it answers arrives later, and nothing else
//! changes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

/// The same database, `away` in each direction.
pub(crate) fn at_distance(database_url: &str, away: Duration) -> String {
    let mut url = Url::parse(database_url).unwrap();
    let host = url.host_str().unwrap().to_owned();
    let near = (host, url.port().unwrap_or(5432));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let far: SocketAddr = listener.local_addr().unwrap();
    // It ends with the program of these tests.
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&near)) else {
                return;
            };
            carry(
                client.try_clone().unwrap(),
                server.try_clone().unwrap(),
                away,
            );
            carry(server, client, away);
        }
    });
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(far.port())).unwrap();
    url.to_string()
}

fn carry(mut from: TcpStream, to: TcpStream, away: Duration) {
    to.set_nodelay(true).unwrap();
    let (sent, arrives) = channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut chunk = vec![0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            if sent
                .send((Instant::now() + away, chunk[..count].to_vec()))
                .is_err()
            {
                return;
            }
        }
    });
    thread::spawn(move || arrive(&arrives, to));
}

fn arrive(arrives: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    while let Ok((at, bytes)) = arrives.recv() {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other end is gone, or hears of it now.
    to.shutdown(Shutdown::Both).ok();
}
