//! Redis shares one token among the replicas and is needed for nothing else: frozen, killed or
//! empty, orders are made and paid all the same, and nobody waits for it.

use std::time::{Duration, Instant};

use devstack::{Stack, TestRedis};

use crate::support::{Http, Journal, Sandbox, Shop, an_order, quick};

/// What a frozen Redis may cost a call, generously.
const HARDLY_SLOWER: Duration = Duration::from_secs(3);

async fn makes_and_pays(stack: &Stack, what: &str) {
    let sandbox = Sandbox::of(stack);
    // A revoked token makes every replica look for a new one, in Redis first.
    sandbox.revoke_tokens().await;
    for replica in [0, 1] {
        let mut shop = Shop::of(stack);
        shop.api = stack.api_url(replica);
        let began = Instant::now();
        let made = shop.made(&an_order("qris")).await;
        assert!(
            began.elapsed() < HARDLY_SLOWER,
            "{what}: {:?}",
            began.elapsed()
        );
        sandbox.pay(&made["payments"][0]).await;
        assert_eq!(
            shop.order(made["id"].as_str().unwrap()).await["status"],
            "paid",
            "{what}"
        );
    }
    for program in ["gateway-api-1", "gateway-api-2", "callback-worker-1"] {
        let ops = stack.ops_url(program).unwrap();
        let ready = Http::new().get(&format!("{ops}/readyz")).await;
        assert_eq!(
            ready.status, 200,
            "{what}: {program} is ready without Redis"
        );
    }
}

#[actix_rt::test]
async fn and_nobody_waits_for_it() {
    let mut redis = TestRedis::start();
    let stack = quick()
        .redis_url(&redis.url())
        .api_replicas(2)
        .start()
        .await
        .unwrap();
    makes_and_pays(&stack, "there").await;
    redis.pause();
    makes_and_pays(&stack, "frozen").await;
    redis.resume();
    makes_and_pays(&stack, "thawed").await;
    redis.kill();
    makes_and_pays(&stack, "killed").await;
    redis.start_again().unwrap();
    makes_and_pays(&stack, "back and empty").await;
}

#[actix_rt::test]
async fn replicas_share_one_token_through_it() {
    let (redis, journal) = (TestRedis::start(), Journal::new());
    let stack = quick()
        .redis_url(&redis.url())
        .api_replicas(2)
        .sandbox_env("SANDBOX_JOURNAL", &journal.path())
        .start()
        .await
        .unwrap();
    for replica in [0, 1, 0, 1] {
        let mut shop = Shop::of(&stack);
        shop.api = stack.api_url(replica);
        shop.made(&an_order("qris")).await;
    }
    assert_eq!(journal.count("token"), 1);
}
