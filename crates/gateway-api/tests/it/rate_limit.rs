//! What a key may send in a second, and what the replies tell of it.

use std::thread;
use std::time::{Duration, Instant};

use crate::edge::{Reply, send_raw_to};
use crate::service::{limited, service};

const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn standing(reply: &Reply) -> String {
    let policy = reply.header("ratelimit-policy");
    assert_eq!(policy, Some("\"key\";q=2;w=1"), "{reply:?}");
    reply.header("ratelimit").unwrap().to_owned()
}

#[test]
fn every_reply_to_a_known_key_tells_what_is_left() {
    let shop = limited().shop();
    let read = limited().key_of(shop.merchant, &["read"]);
    for (shop, path) in [
        (&shop, "/v1/orders"),
        (&shop, "/v1/orders?limit=0"),
        (&shop, "/v1/orders/ord_1"),
        (&read, "/v1/orders"),
        (&read, "/v1/webhook-endpoints"),
    ] {
        let reply = shop.get(path);
        let told = standing(&reply);
        let left = if reply.status == 429 { "0" } else { "1" };
        let is_like = told.starts_with("\"key\";r=") && told.ends_with(";t=1");
        assert!(is_like, "{told}");
        // A slow machine has sent the one before long ago.
        assert!(
            told.contains(&format!("r={left}")) || told.contains("r=0"),
            "{told}"
        );
    }
    let refused = read.post("/v1/orders", "{}");
    assert!([403, 429].contains(&refused.status), "{refused:?}");
    standing(&refused);
}

#[test]
fn who_sends_more_is_told_to_wait_and_let_in_then() {
    let shop = limited().shop();
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let all: Vec<Reply> = thread::scope(|scope| {
            let calls: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| shop.get("/v1/orders?limit=1")))
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        if let Some(refused) = all.into_iter().find(|reply| reply.status == 429) {
            break refused;
        }
        assert!(Instant::now() < deadline, "never refused");
    };
    assert_eq!(refused.problem(), "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(standing(&refused), "\"key\";r=0;t=1");
    let others = limited().shop().get("/v1/orders");
    assert_eq!(others.status, 200, "keys do not share: {others:?}");
    while shop.get("/v1/orders").status != 200 {
        assert!(Instant::now() < deadline, "never let in again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn strangers_and_services_without_a_limit_are_told_nothing() {
    let request = b"GET /v1/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let stranger = send_raw_to(limited().address(), request);
    assert_eq!(stranger.status, 401);
    for reply in [stranger, service().shop().get("/v1/orders")] {
        assert_eq!(reply.header("ratelimit"), None, "{reply:?}");
        assert_eq!(reply.header("ratelimit-policy"), None, "{reply:?}");
    }
}
