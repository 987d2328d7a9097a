//! A restart under load loses nothing: every request is answered, by this replica or, after one
//! retry, by the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use crate::support::{Sandbox, Shop, an_order, assert_books_balance, quick, reference, until};

#[derive(Default)]
struct Load {
    stop: AtomicBool,
    made: AtomicUsize,
    retried: AtomicUsize,
}

/// One shop's clerk: makes orders one after the other until told to stop, first at replica
/// `first`, and once more at the other where that fails.
async fn clerk(shops: [Shop; 2], first: usize, load: &Load) {
    while !load.stop.load(Ordering::Relaxed) {
        let order = an_order("qris");
        let attempt = shops[first].try_post("/v1/orders", &order, &[]).await;
        let answer = match attempt {
            Ok(answer) if answer.status < 500 => answer,
            failed => {
                eprintln!("first try at {first}: {:?}", failed.map(|a| a.text()));
                load.retried.fetch_add(1, Ordering::Relaxed);
                let again = shops[1 - first].try_post("/v1/orders", &order, &[]).await;
                again.unwrap_or_else(|error| panic!("one retry does not save it: {error}"))
            }
        };
        assert_eq!(
            answer.status,
            201,
            "{} {}",
            answer.text(),
            reference(&order)
        );
        assert_eq!(answer.str("/reference"), reference(&order));
        load.made.fetch_add(1, Ordering::Relaxed);
    }
}

#[actix_rt::test]
async fn and_every_request_is_answered() {
    let mut stack = quick()
        .env("SHUTDOWN_GRACE_MS", "25000")
        .api_replicas(2)
        .worker_replicas(2)
        .start()
        .await
        .unwrap();
    let load = Arc::new(Load::default());
    let shops = [0, 1].map(|replica| (stack.api_url(replica), stack.merchant().api_key.clone()));
    let theirs = Arc::clone(&load);
    // On a thread of its own: stopping a program waits for its end.
    let clerks = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let shops = shops.map(|(api, key)| Shop::at(api, key).on_new_connections());
            let clerks = (0..4).map(|n| clerk(shops.clone(), n % 2, &theirs));
            join_all(clerks).await;
        });
    });
    let more = async |count: usize| {
        let enough = load.made.load(Ordering::Relaxed) + count;
        until(Duration::from_secs(30), "orders go on", async || {
            load.made.load(Ordering::Relaxed) >= enough || clerks.is_finished()
        })
        .await;
    };
    more(10).await;
    for program in [
        "gateway-api-1",
        "callback-worker-1",
        "gateway-api-2",
        "callback-worker-2",
    ] {
        stack.stop(program).unwrap();
        more(10).await;
        stack.start_again(program).await.unwrap();
        more(5).await;
    }
    load.stop.store(true, Ordering::Relaxed);
    clerks.join().unwrap();

    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let made = load.made.load(Ordering::Relaxed);
    assert_eq!(
        sandbox.transactions().await.len(),
        made,
        "one transaction an order"
    );
    let page = shop.get("/v1/orders?limit=200").await.expect(200).json;
    for order in page["data"].as_array().unwrap() {
        assert_eq!(order["payments"][0]["status"], "pending", "{order}");
    }
    assert_books_balance(&stack);
}
