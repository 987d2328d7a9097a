//! `/livez`, `/readyz`, `/metrics`.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use prometheus::{IntGauge, Registry};
use service_shell::ops::{Health, Ops};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{any_port, get};

fn start(ops: Ops) -> SocketAddr {
    let (server, address) = ops.listen(any_port()).unwrap();
    actix_web::rt::spawn(server);
    address
}

#[actix_web::test]
async fn readiness_follows_the_reasons_that_stand() {
    let health = Health::new();
    let address = start(Ops::new(Registry::new(), health.clone()));
    assert!(
        get(address, "/readyz", "")
            .await
            .starts_with("HTTP/1.1 200")
    );
    health.unready("draining");
    let reply = get(address, "/readyz", "").await;
    assert!(reply.starts_with("HTTP/1.1 503"), "{reply}");
    assert!(reply.ends_with("not ready: draining\n"), "{reply}");
    assert!(get(address, "/livez", "").await.starts_with("HTTP/1.1 200"));
    health.ready_again("draining");
    assert!(
        get(address, "/readyz", "")
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[actix_web::test]
async fn only_a_reason_that_a_restart_helps_ends_liveness() {
    let reason = Arc::new(Mutex::new(None));
    let told = reason.clone();
    let health = Health::new();
    let ops = Ops::new(Registry::new(), health.clone()).dead_when(move || *told.lock().unwrap());
    let address = start(ops);
    health.unready("draining");
    assert!(get(address, "/livez", "").await.starts_with("HTTP/1.1 200"));
    *reason.lock().unwrap() = Some("stuck");
    let reply = get(address, "/livez", "").await;
    assert!(
        reply.starts_with("HTTP/1.1 503") && reply.contains("stuck"),
        "{reply}"
    );
    *reason.lock().unwrap() = None;
    assert!(get(address, "/livez", "").await.starts_with("HTTP/1.1 200"));
}

#[actix_web::test]
async fn readiness_asks_the_check_and_gives_up_on_a_hanging_one() {
    let healed = Arc::new(AtomicBool::new(false));
    let flag = healed.clone();
    let address = start(
        Ops::new(Registry::new(), Health::new()).ready_when(move || {
            let ok = flag.load(Ordering::Relaxed);
            async move {
                if ok {
                    Ok(())
                } else {
                    Err("schema behind".to_owned())
                }
            }
        }),
    );
    let reply = get(address, "/readyz", "").await;
    assert!(reply.ends_with("not ready: schema behind\n"), "{reply}");
    healed.store(true, Ordering::Relaxed);
    assert!(
        get(address, "/readyz", "")
            .await
            .starts_with("HTTP/1.1 200")
    );

    let hanging = Ops::new(Registry::new(), Health::new()).ready_when(std::future::pending);
    let reply = get(start(hanging), "/readyz", "").await;
    assert!(reply.starts_with("HTTP/1.1 503"), "{reply}");
}

#[actix_web::test]
async fn metrics_are_served_after_the_scrape_hook_ran() {
    let registry = Registry::new();
    let depth = IntGauge::new("queue_depth", "Rows waiting.").unwrap();
    registry.register(Box::new(depth.clone())).unwrap();
    let address = start(Ops::new(registry, Health::new()).before_scrape(move || {
        depth.set(7);
        async {}
    }));
    let reply = get(address, "/metrics", "").await;
    assert!(reply.contains("queue_depth 7"), "{reply}");
    assert!(
        reply.contains("content-type: text/plain; version=0.0.4"),
        "{reply}"
    );
}

#[actix_web::test]
async fn heads_that_do_not_end_behind_a_first_request_keep_no_probe_out() {
    let address = start(Ops::new(Registry::new(), Health::new()));
    let mut hanging = Vec::new();
    for _ in 0..64 {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let two = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /livez HTTP/1.1\r\n";
        connection.write_all(two).await.unwrap();
        let mut first = [0; 12];
        connection.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        hanging.push(connection);
    }
    let probe = timeout(Duration::from_secs(2), get(address, "/livez", "")).await;
    assert!(probe.unwrap().starts_with("HTTP/1.1 200"));
}
