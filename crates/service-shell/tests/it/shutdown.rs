//! Stopping: requests in flight are finished within the grace; the stop does not outlive it.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpServer,
    dev::Server,
    rt::{task::JoinHandle, time::sleep},
    web,
};
use service_shell::{
    ops::Health,
    shutdown::{Ending, Shutdown, serve},
};

use tokio::sync::Notify;

use crate::support::{any_port, get};

fn slow_server(takes: Duration) -> (Server, SocketAddr, Arc<Notify>) {
    let begun = Arc::new(Notify::new());
    let begin = begun.clone();
    let server = HttpServer::new(move || {
        App::new().route(
            "/",
            web::get().to({
                let begin = begin.clone();
                move || {
                    begin.notify_one();
                    async move {
                        sleep(takes).await;
                        "done"
                    }
                }
            }),
        )
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(30)
    .bind(any_port())
    .unwrap();
    let address = server.addrs()[0];
    (server.run(), address, begun)
}

fn at_once(grace: Duration) -> Ending {
    Ending {
        delay: Duration::ZERO,
        grace,
    }
}

/// Starts a request that takes `takes`, stops the server under it, and returns the request and how
/// long the stop took.
async fn stop_under_a_request(takes: Duration, grace: Duration) -> (JoinHandle<String>, Duration) {
    let (server, address, begun) = slow_server(takes);
    // One that ends at once must not take the other with it.
    let (idle, _, _) = slow_server(takes);
    let (shutdown, health) = (Shutdown::new(), Health::new());
    let token = shutdown.clone();
    let serving = actix_web::rt::spawn(async move {
        serve(vec![server], idle, &token, &health, at_once(grace)).await
    });
    let asking = actix_web::rt::spawn(async move { get(address, "/", "").await });
    begun.notified().await;
    let started = Instant::now();
    shutdown.trigger();
    serving.await.unwrap().unwrap();
    (asking, started.elapsed())
}

#[actix_web::test]
async fn a_request_in_flight_is_finished_within_the_grace() {
    let (asking, _) =
        stop_under_a_request(Duration::from_millis(600), Duration::from_secs(10)).await;
    assert!(asking.await.unwrap().ends_with("done"));
}

#[actix_web::test]
async fn the_stop_does_not_outlive_the_grace() {
    let (asking, took) =
        stop_under_a_request(Duration::from_secs(8), Duration::from_millis(300)).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    asking.abort();
}

#[actix_web::test]
async fn a_server_that_ends_by_itself_stops_everything() {
    let (server, ..) = slow_server(Duration::ZERO);
    let handle = server.handle();
    let (shutdown, health) = (Shutdown::new(), Health::new());
    let stopping = handle.stop(false);
    let (ops, ..) = slow_server(Duration::ZERO);
    let slow = Ending {
        delay: Duration::from_secs(60),
        grace: Duration::from_secs(5),
    };
    let serving = serve(vec![server], ops, &shutdown, &health, slow);
    let (served, ()) = tokio::join!(serving, stopping);
    served.unwrap();
    assert!(shutdown.is_triggered());
}

#[actix_web::test]
async fn a_service_told_to_end_still_accepts_for_the_delay_and_answers_probes_to_the_last() {
    let (server, address, _) = slow_server(Duration::ZERO);
    let (ops, ops_address, _) = slow_server(Duration::ZERO);
    let (shutdown, health) = (Shutdown::new(), Health::new());
    let token = shutdown.clone();
    let ending = Ending {
        delay: Duration::from_millis(700),
        grace: Duration::from_secs(5),
    };
    let started = Instant::now();
    let serving =
        actix_web::rt::spawn(
            async move { serve(vec![server], ops, &token, &health, ending).await },
        );
    shutdown.trigger();
    while started.elapsed() < Duration::from_millis(400) {
        assert!(get(address, "/", "").await.ends_with("done"));
        assert!(get(ops_address, "/", "").await.ends_with("done"));
    }
    serving.await.unwrap().unwrap();
    assert!(started.elapsed() >= ending.delay);
}
