//! Pages that wait for news, over real sockets and without a database: who reads is kept company, who
//! does not is cut off, and all end when the process does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::KeepAlive;
use actix_web::web::{Data, get, resource};
use actix_web::{App, HttpResponse, HttpServer};
use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::states::OrderState;
use gateway_api::admission::order_watch::{WatchLimits, Watching};
use gateway_api::checkout::events::{events, no_events};
use gateway_api::checkout::page::CheckoutStatus;
use service_shell::shutdown::Shutdown;
use shares::Limits;
use uuid::Uuid;

/// What a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(30);

async fn wait(watching: Data<Watching>) -> HttpResponse {
    let now = CheckoutStatus {
        status: OrderState::Pending,
        version: 1,
    };
    let id = Uuid::from_u128(1);
    match watching.open_page(MerchantId::from_uuid(id), OrderId::from_uuid(id)) {
        Some(watch) => events(watch, now),
        None => no_events(),
    }
}

/// A server of these limits, listening as the checkout does.
fn serve(limits: WatchLimits, shutdown: Shutdown) -> (SocketAddr, Arc<Watching>) {
    let watching = Arc::new(Watching::new(limits, shutdown));
    let theirs = Data::from(Arc::clone(&watching));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(theirs.clone())
            .service(resource("/events").route(get().to(wait)))
    })
    .workers(1)
    .keep_alive(KeepAlive::Disabled)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    actix_rt::spawn(server.run());
    (address, watching)
}

fn limits(life: Duration, heartbeat: Duration) -> WatchLimits {
    WatchLimits {
        streams: Limits::unshared(2),
        held_reads: Limits::unshared(2),
        of_an_order: 2,
        life,
        heartbeat,
        pulse: Duration::from_secs(1),
    }
}

fn open(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = b"GET /events HTTP/1.1\r\nhost: a\r\n\r\n";
    socket.write_all(head).unwrap();
    socket
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to pass: {what}");
        actix_rt::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Off the server's thread.
async fn to_its_end(mut socket: TcpStream) -> String {
    let reading = move || {
        let mut seen = String::new();
        socket.read_to_string(&mut seen).unwrap();
        seen
    };
    actix_rt::task::spawn_blocking(reading).await.unwrap()
}

#[actix_rt::test]
async fn hear_a_heartbeat_until_their_time_is_over() {
    let limits = limits(Duration::from_secs(2), Duration::from_millis(50));
    let (address, watching) = serve(limits, Shutdown::new());
    let seen = to_its_end(open(address)).await;
    assert!(seen.contains("retry: 3000\nevent: status\n"), "{seen}");
    assert!(seen.contains("\n:\n\n"), "{seen}");
    assert_eq!(watching.waiting(), 0);
}

#[actix_rt::test]
async fn that_read_nothing_are_cut_off_and_their_places_are_free() {
    let limits = limits(Duration::from_secs(1), Duration::from_millis(50));
    let (address, watching) = serve(limits, Shutdown::new());
    let (deaf, deafer) = (open(address), open(address));
    until("both wait", || watching.waiting() == 2).await;
    let refused = to_its_end(open(address)).await;
    assert!(refused.starts_with("HTTP/1.1 204 "), "{refused}");
    until("their places are free", || watching.waiting() == 0).await;
    drop((deaf, deafer));
}

#[actix_rt::test]
async fn that_are_gone_are_noticed_by_the_heartbeat() {
    let limits = limits(Duration::from_secs(3600), Duration::from_millis(50));
    let (address, watching) = serve(limits, Shutdown::new());
    let socket = open(address);
    until("it waits", || watching.waiting() == 1).await;
    drop(socket);
    until("its place is free", || watching.waiting() == 0).await;
}

#[actix_rt::test]
async fn end_when_the_process_is_told_to() {
    let shutdown = Shutdown::new();
    let hour = Duration::from_secs(3600);
    let (address, watching) = serve(limits(hour, hour), shutdown.clone());
    let socket = open(address);
    until("it waits", || watching.waiting() == 1).await;
    shutdown.trigger();
    let seen = to_its_end(socket).await;
    assert!(seen.contains("event: status"), "{seen}");
    let refused = to_its_end(open(address)).await;
    assert!(refused.starts_with("HTTP/1.1 204 "), "{refused}");
}
