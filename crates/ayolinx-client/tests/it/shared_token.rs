//! The token between replicas: one fetch for all, sealed at rest, and never in the way of a request (T12).

use std::sync::Arc;
use std::time::{Duration, Instant};

use ayolinx_client::{AyolinxClient, TokenCache, TokenCacheError};
use ayolinx_core::method::Method;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;

use crate::bodies::REFERENCE;
use crate::fake_redis::{FakeRedis, Mood};
use crate::stub::{Act, CLIENT_ID, Stub, TIMEOUT, coded, ok, settings, token_body};

const ANSWER: &str = r#"{"responseCode":"2005100","latestTransactionStatus":"03"}"#;

fn keyring(key: &str) -> Arc<Keyring> {
    Arc::new(Keyring::new(&[Secret::new(key)]).unwrap())
}

/// Another process: its own memory, the same Redis.
fn replica(redis_url: &str) -> TokenCache {
    TokenCache::with_redis(&Secret::new(redis_url), keyring("k"), CLIENT_ID).unwrap()
}

async fn ask(client: &AyolinxClient) -> &'static str {
    client
        .inquire(Method::Qris, "BNC_QRIS", REFERENCE)
        .await
        .name()
}

#[actix_rt::test]
async fn replicas_share_one_token_and_it_lies_sealed() {
    let (redis, stub) = (FakeRedis::start(Mood::Well), Stub::new(&[ok(ANSWER)]));
    for _ in 0..3 {
        assert_eq!(
            ask(&stub.client_with(replica(&redis.url()))).await,
            "accepted"
        );
    }
    assert_eq!(stub.token_requests(), 1);
    let value = redis.value_like("ayolinx:token:").unwrap();
    assert!(!value.windows(5).any(|window| window == b"token"), "sealed");
    assert!(
        redis.value_like("token-lock").is_none(),
        "{:?}",
        redis.keys()
    );
}

#[actix_rt::test]
async fn replicas_in_parallel_fetch_one_token() {
    let slow = Act::Late(Duration::from_millis(200), Box::new(ok(&token_body(1))));
    let (redis, stub) = (
        FakeRedis::start(Mood::Well),
        Stub::with_token_acts(&[slow], &[ok(ANSWER)]),
    );
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let client = stub.client_with(replica(&redis.url()));
            actix_rt::spawn(async move { ask(&client).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "accepted");
    }
    assert_eq!(stub.token_requests(), 1);
}

#[actix_rt::test]
async fn a_refused_token_is_not_taken_from_redis_again() {
    let redis = FakeRedis::start(Mood::Well);
    let stub = Stub::new(&[ok(ANSWER), coded(401, "4015101"), ok(ANSWER)]);
    let first = stub.client_with(replica(&redis.url()));
    assert_eq!(
        (ask(&first).await, ask(&first).await),
        ("accepted", "accepted")
    );
    assert_eq!(stub.token_requests(), 2);
    let second = stub.client_with(replica(&redis.url()));
    assert_eq!(ask(&second).await, "accepted");
    assert_eq!(
        stub.calls().last().unwrap().header("authorization"),
        "Bearer token-2"
    );
    assert_eq!(stub.token_requests(), 2);
}

#[actix_rt::test]
async fn poisoned_values_and_those_of_other_accounts_or_keys_are_ignored() {
    let (redis, stub) = (FakeRedis::start(Mood::Well), Stub::new(&[ok(ANSWER)]));
    assert_eq!(
        ask(&stub.client_with(replica(&redis.url()))).await,
        "accepted"
    );
    redis.overwrite("ayolinx:token:", b"poison");
    assert_eq!(
        ask(&stub.client_with(replica(&redis.url()))).await,
        "accepted"
    );
    assert_eq!(stub.token_requests(), 2);

    let url = Secret::new(redis.url());
    let other_key = TokenCache::with_redis(&url, keyring("other"), CLIENT_ID).unwrap();
    assert_eq!(ask(&stub.client_with(other_key)).await, "accepted");
    assert_eq!(stub.token_requests(), 3);

    let account = |id: &str| ayolinx_core::signing::body_sha256_hex(id.as_bytes());
    redis.rename(&account(CLIENT_ID), &account("another"));
    let other_account = TokenCache::with_redis(&url, keyring("other"), "another").unwrap();
    assert_eq!(ask(&stub.client_with(other_account)).await, "accepted");
    assert_eq!(stub.token_requests(), 4);
}

#[actix_rt::test]
async fn a_redis_that_is_down_silent_or_mad_fails_no_request() {
    let nobody = "redis://127.0.0.1:1/".to_owned();
    let silent = FakeRedis::start(Mood::Silent);
    let mad = FakeRedis::start(Mood::Garbling);
    for url in [nobody, silent.url(), mad.url()] {
        let stub = Stub::new(&[ok(ANSWER)]);
        let mut settings = settings(&format!("http://127.0.0.1:{}", stub.port));
        settings.timeout = TIMEOUT * 3;
        let client = AyolinxClient::new(settings, replica(&url)).unwrap();
        let began = Instant::now();
        assert_eq!(
            (ask(&client).await, ask(&client).await),
            ("accepted", "accepted"),
            "{url}"
        );
        assert!(
            began.elapsed() < Duration::from_millis(1200),
            "{url}: {:?}",
            began.elapsed()
        );
        assert_eq!(stub.token_requests(), 1);
    }
}

#[actix_rt::test]
async fn a_lock_that_nobody_frees_is_waited_for_two_seconds_at_most() {
    let (redis, stub) = (FakeRedis::start(Mood::Well), Stub::new(&[ok(ANSWER)]));
    assert_eq!(
        ask(&stub.client_with(replica(&redis.url()))).await,
        "accepted"
    );
    redis.rename("ayolinx:token:", "ayolinx:token-lock:");
    let mut settings = settings(&format!("http://127.0.0.1:{}", stub.port));
    settings.timeout = Duration::from_secs(5);
    let client = AyolinxClient::new(settings, replica(&redis.url())).unwrap();
    let began = Instant::now();
    assert_eq!(ask(&client).await, "accepted");
    let waited = began.elapsed();
    assert!(
        waited > Duration::from_millis(1500) && waited < Duration::from_secs(3),
        "{waited:?}"
    );
    assert_eq!(stub.token_requests(), 2);
    assert!(
        redis.value_like("token-lock").is_some(),
        "another's lock is not deleted"
    );
}

#[test]
fn a_url_that_is_none_of_redis_is_refused_without_being_shown() {
    let refused = TokenCache::with_redis(&Secret::new("http://x"), keyring("k"), CLIENT_ID).err();
    assert_eq!(refused, Some(TokenCacheError::BadUrl));
    assert!(!TokenCacheError::BadUrl.to_string().contains("http"));
}
