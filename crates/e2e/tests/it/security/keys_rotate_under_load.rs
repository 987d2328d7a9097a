//! Every key and secret goes over to the next, by the steps of docs/KEYS.md, while orders are made, paid
//! and told: nothing valid is refused, nothing withdrawn is accepted. `LONG=1` goes on for five minutes.

mod load;
mod rotation;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use devstack::TestRedis;

use crate::support::{
    Relay, Sandbox, Shop, assert_books_balance, gatewayctl, number, quick, reference, until,
};
use load::Load;
use rotation::Rotation;

const LONG: Duration = Duration::from_secs(300);

#[actix_rt::test]
async fn and_nothing_valid_is_refused_and_nothing_withdrawn_accepted() {
    let began = Instant::now();
    let (redis, relay) = (TestRedis::start(), Relay::new());
    let stack = quick()
        .env("SHUTDOWN_GRACE_MS", "25000")
        .env("CALLBACK_PUBLIC_URL", relay.url())
        .sandbox_env("SANDBOX_CALLBACK_ORIGIN", relay.url())
        // Tokens that live for seconds: every rotation meets several fetches.
        .sandbox_env("SANDBOX_TOKEN_TTL", "3")
        .sandbox_env("SANDBOX_TIME_SCALE", "60")
        .redis_url(&redis.url())
        .api_replicas(2)
        .worker_replicas(2)
        .start()
        .await
        .unwrap();
    relay.send_to(&[0, 1].map(|replica| stack.callback_url(replica)));
    let load = Arc::new(Load::new(&stack.merchant().api_key));
    let apis = [0, 1].map(|replica| stack.api_url(replica));
    let (theirs, sandbox_url) = (Arc::clone(&load), stack.sandbox_url());
    // On a thread of its own: stopping a program waits for its end.
    let clerks = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            theirs.run(apis, &Sandbox::at(&sandbox_url)).await;
        });
    });
    load.more(4).await;
    let mut rotation = Rotation::new(stack, Arc::clone(&load));
    let mut rounds = 0;
    let goes_on = std::env::var("LONG").is_ok_and(|long| long == "1");
    while rounds == 0 || goes_on && began.elapsed() < LONG {
        rotation.every_kind(&redis).await;
        rounds += 1;
    }
    load.stop();
    clerks.join().unwrap();
    load.assert_nothing_went_wrong();
    let stack = rotation.stack();

    let (shop, sold) = (rotation.shop(), load.sold());
    let ids: HashSet<&str> = sold.iter().map(load::Sold::id).collect();
    until(
        Duration::from_secs(30),
        "every order is paid and told",
        async || {
            let arrived = stack.receiver().deliveries();
            let told = arrived
                .iter()
                .filter(|one| one.event_type == "order.paid" && one.verified.is_ok())
                .filter_map(|one| one.order()["id"].as_str());
            ids.is_subset(&told.collect())
        },
    )
    .await;
    let unpaid = "SELECT count(*) FROM payments WHERE state NOT IN ('paid', 'pending')";
    assert_eq!(number(stack, unpaid), 0);
    let refused: Vec<_> = stack
        .receiver()
        .deliveries()
        .into_iter()
        .filter(|one| one.verified.is_err())
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    the_first_reply_is_given_again(&shop, &sold[0]).await;
    let doctor = gatewayctl(stack, &["doctor"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.stdout);
    assert_books_balance(stack);
    println!(
        "{} orders paid and told, {} retries at the other replica, {rounds} rotations of every kind in {} s",
        sold.len(),
        load.retried(),
        began.elapsed().as_secs()
    );
}

/// It was sealed under a key that is long gone.
async fn the_first_reply_is_given_again(shop: &Shop, first: &load::Sold) {
    let again = shop.create(&first.request).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.str("/id"), first.id());
    assert_eq!(again.str("/reference"), reference(&first.request));
}
