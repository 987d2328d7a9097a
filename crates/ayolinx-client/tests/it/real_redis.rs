//! Trap T12 on a real Redis: dead, stopped and back, it never holds a request up for long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ayolinx_client::{AyolinxClient, Outcome, TokenCache};
use ayolinx_core::key_id::KeyId;
use ayolinx_core::method::Method;
use ayolinx_core::sealing::{Keyring, sealed_under};
use ayolinx_core::secret::Secret;
use devstack::TestRedis;

use crate::bodies::REFERENCE;
use crate::stub::{Act, CLIENT_ID, Stub, ok, settings, token_body};

const ANSWER: &str = r#"{"responseCode":"2005100","latestTransactionStatus":"03"}"#;

/// One command's budget for a token fetch, and room for a busy machine.
const HELD_UP_MAX: Duration = Duration::from_millis(600);

/// Another process: its own memory, the same Redis.
fn replica(stub: &Stub, redis_url: &str) -> AyolinxClient {
    let keyring = Arc::new(Keyring::new(&[Secret::new("k")]).unwrap());
    let tokens = TokenCache::with_redis(&Secret::new(redis_url), keyring, CLIENT_ID).unwrap();
    let mut settings = settings(&format!("http://127.0.0.1:{}", stub.port));
    settings.timeout = Duration::from_secs(10);
    AyolinxClient::new(settings, tokens).unwrap()
}

async fn ask(client: &AyolinxClient) -> &'static str {
    client
        .inquire(Method::Qris, "BNC_QRIS", REFERENCE)
        .await
        .name()
}

#[actix_rt::test]
async fn replicas_share_one_token_and_the_lock_is_freed() {
    let redis = TestRedis::start();
    let slow = Act::Late(Duration::from_millis(200), Box::new(ok(&token_body(1))));
    let stub = Stub::with_token_acts(&[slow], &[ok(ANSWER)]);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let client = replica(&stub, &redis.url());
            actix_rt::spawn(async move { ask(&client).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "accepted");
    }
    assert_eq!(stub.token_requests(), 1);
    let mut connection = redis::Client::open(redis.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    assert_eq!(keys.len(), 1, "only the token is left: {keys:?}");
    let life_ms: i64 = redis::cmd("PTTL")
        .arg(&keys)
        .query(&mut connection)
        .unwrap();
    assert!((1..=900_000).contains(&life_ms), "{life_ms}");
}

#[actix_rt::test]
async fn a_lock_taken_over_by_another_is_not_deleted() {
    let redis = TestRedis::start();
    let slow = Act::Late(Duration::from_millis(300), Box::new(ok(&token_body(1))));
    let stub = Stub::with_token_acts(&[slow], &[ok(ANSWER)]);
    let client = replica(&stub, &redis.url());
    let asking = actix_rt::spawn(async move { ask(&client).await });
    let mut connection = redis::Client::open(redis.url())
        .unwrap()
        .get_connection()
        .unwrap();
    let lock = loop {
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*lock*")
            .query(&mut connection)
            .unwrap();
        if let Some(key) = keys.first() {
            break key.clone();
        }
        actix_rt::time::sleep(Duration::from_millis(5)).await;
    };
    let () = redis::cmd("SET")
        .arg(&lock)
        .arg("another")
        .query(&mut connection)
        .unwrap();
    assert_eq!(asking.await.unwrap(), "accepted");
    let owner: String = redis::cmd("GET").arg(&lock).query(&mut connection).unwrap();
    assert_eq!(owner, "another");
}

#[actix_rt::test]
async fn a_redis_that_dies_or_stops_holds_nobody_up_and_is_used_again_when_it_is_back() {
    let mut redis = TestRedis::start();
    // Tokens of one second: every call needs the cache.
    let brief = ok(&token_body(1).replace("\"900\"", "1"));
    let stub = Stub::with_token_acts(&vec![brief; 30], &[ok(ANSWER)]);
    let client = replica(&stub, &redis.url());
    assert_eq!(ask(&client).await, "accepted");

    redis.pause();
    served_quickly(&client).await;
    redis.resume();
    redis.kill();
    served_quickly(&client).await;

    redis.start_again().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        assert!(matches!(client.fetch_token().await, Outcome::Accepted(_)));
        let mut connection = redis::Client::open(redis.url())
            .unwrap()
            .get_connection()
            .unwrap();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg("*:token:*")
            .query(&mut connection)
            .unwrap();
        if keys.len() == 1 {
            return;
        }
        assert!(Instant::now() < deadline, "Redis is not used again");
        actix_rt::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn served_quickly(client: &AyolinxClient) {
    for _ in 0..5 {
        let began = Instant::now();
        assert_eq!(ask(client).await, "accepted");
        assert!(began.elapsed() < HELD_UP_MAX, "{:?}", began.elapsed());
    }
}

/// Another process with these `ENCRYPTION_KEYS`.
fn replica_with(stub: &Stub, redis: &TestRedis, keys: &[&str]) -> AyolinxClient {
    let secrets: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
    let keyring = Arc::new(Keyring::new(&secrets).unwrap());
    let url = Secret::new(redis.url());
    let tokens = TokenCache::with_redis(&url, keyring, CLIENT_ID).unwrap();
    stub.client_with(tokens)
}

/// How many tokens are fetched when these replicas work side by side.
async fn fetched_by(lists: &[&[&str]]) -> usize {
    let (redis, stub) = (TestRedis::start(), Stub::new(&[ok(ANSWER)]));
    let replicas: Vec<_> = lists
        .iter()
        .map(|keys| replica_with(&stub, &redis, keys))
        .collect();
    for _ in 0..5 {
        for client in &replicas {
            assert_eq!(ask(client).await, "accepted");
        }
    }
    stub.token_requests()
}

#[actix_rt::test]
async fn while_the_keys_rotate_in_two_steps_all_replicas_share_one_token() {
    assert_eq!(fetched_by(&[&["old"], &["old", "new"]]).await, 1);
    assert_eq!(fetched_by(&[&["new", "old"], &["old", "new"]]).await, 1);
    assert_eq!(fetched_by(&[&["new"], &["new", "old"]]).await, 1);
}

#[actix_rt::test]
async fn a_replica_that_does_not_know_the_new_key_fetches_one_token_of_its_own() {
    let lists: [&[&str]; 4] = [&["new", "old"], &["old"], &["new", "old"], &["old"]];
    let fetched = fetched_by(&lists).await;
    assert!(fetched <= lists.len(), "{fetched}");
}

#[actix_rt::test]
async fn what_lies_in_redis_is_sealed_and_what_is_not_ours_is_no_token() {
    let (redis, stub) = (TestRedis::start(), Stub::new(&[ok(ANSWER)]));
    assert_eq!(ask(&replica_with(&stub, &redis, &["k"])).await, "accepted");
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut connection).unwrap();
    let raw: Vec<u8> = redis::cmd("GET").arg(&keys).query(&mut connection).unwrap();
    assert!(!raw.windows(5).any(|window| window == b"token"), "{raw:?}");
    let own = KeyId::of_encryption_key(&Secret::new("k"));
    assert_eq!(sealed_under(&raw), Some(own));

    let stolen =
        br#"{"token":"stolen","refresh_at_ms":9999999999999,"expires_at_ms":9999999999999}"#;
    let sealed = |key: &str, client: &str| {
        let ring = Keyring::new(&[Secret::new(key)]).unwrap();
        let context = format!("provider access token of {client}");
        ring.seal(stolen, context.as_bytes(), [7; 12]).unwrap()
    };
    // That a value of our own making would be taken shows that the others are not taken by accident.
    let wrong = [
        b"garbage".to_vec(),
        stolen.to_vec(),
        sealed("foreign", CLIENT_ID),
        sealed("k", "CK-another"),
    ];
    for (poison, taken) in wrong
        .into_iter()
        .map(|value| (value, false))
        .chain([(sealed("k", CLIENT_ID), true)])
    {
        let () = redis::cmd("SET")
            .arg(&keys)
            .arg(&poison)
            .query(&mut connection)
            .unwrap();
        assert_eq!(ask(&replica_with(&stub, &redis, &["k"])).await, "accepted");
        let call = stub.calls().pop().unwrap();
        let bearer = call.header("authorization").to_owned();
        assert_eq!(bearer == "Bearer stolen", taken, "{bearer}");
    }
}
