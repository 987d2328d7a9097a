//! Whoever connects and says nothing, or half of something, keeps nobody out who speaks.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use service_shell::silent_connections::{self, Connections};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{any_port, get};

const MOST: usize = 16;
/// Longer than the test may take: no place comes free by it.
const HEAD_DEADLINE: Duration = Duration::from_secs(600);
const WITHIN: Duration = Duration::from_secs(60);
/// Half heads, from nothing on.
const HALVES: [&str; 4] = [
    "",
    "G",
    "GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1\r\nHost: here\r\nX-Long: ",
];

fn start() -> SocketAddr {
    let all = Connections::of(MOST);
    let server = HttpServer::new(|| {
        App::new()
            .wrap(from_fn(silent_connections::heard))
            .route("/", web::get().to(HttpResponse::Ok))
            .route("/slow", web::get().to(slow))
    })
    .on_connect(move |io, connection| all.accepted(io, connection))
    .workers(1)
    .max_connections(MOST)
    .client_request_timeout(HEAD_DEADLINE)
    .keep_alive(KeepAlive::Disabled)
    .disable_signals()
    .bind(any_port())
    .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

/// Answers after everybody else has pressed on for a while.
async fn slow() -> HttpResponse {
    tokio::time::sleep(Duration::from_millis(300)).await;
    HttpResponse::Ok().body("slow")
}

/// Holds a connection, and comes again whenever it is ended.
async fn hold(address: SocketAddr, half: &'static str) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            stream.write_all(half.as_bytes()).await.ok();
            let mut byte = [0_u8; 64];
            while stream.read(&mut byte).await.is_ok_and(|count| count > 0) {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[actix_web::test]
async fn who_says_nothing_keeps_nobody_out_who_speaks() {
    let address = start();
    let mut holding = JoinSet::new();
    for half in HALVES.iter().cycle().take(6 * MOST) {
        holding.spawn_local(hold(address, half));
    }
    for number in 0..60 {
        // What has spoken is not ended, however long its answer takes.
        let path = if number % 10 == 0 { "/slow" } else { "/" };
        let reply = timeout(WITHIN, get(address, path, "")).await;
        let reply = reply.unwrap_or_else(|_| panic!("request {number} is not answered"));
        assert!(reply.starts_with("HTTP/1.1 200"), "{number}: {reply}");
        assert_eq!(reply.ends_with("slow"), path == "/slow");
    }
}

#[actix_web::test]
async fn as_long_as_there_is_room_silence_is_nobodys_business() {
    let address = start();
    let mut all = Vec::new();
    for half in HALVES.iter().cycle().take(MOST / 2) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        all.push((stream, *half));
    }
    assert!(get(address, "/slow", "").await.ends_with("slow"));
    for (mut stream, half) in all {
        let rest = "GET / HTTP/1.1\r\nHost: here\r\nX-Long: long\r\n\r\n";
        let rest = rest.strip_prefix(half).unwrap();
        stream.write_all(rest.as_bytes()).await.unwrap();
        let mut reply = String::new();
        let read = timeout(WITHIN, stream.read_to_string(&mut reply)).await;
        read.unwrap().unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{half:?}: {reply}");
    }
}
