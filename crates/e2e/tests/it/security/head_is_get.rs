//! HEAD works wherever GET does, on every listener of every program: the same status and headers, and no body.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use devstack::Stack;
use serde_json::json;

use crate::support::{Operator, Shop, an_order, shared, unique};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of one moment or one request.
const NOT_COMPARED: [&str; 5] = [
    "date",
    "x-request-id",
    "ratelimit",
    "set-cookie",
    "traceparent",
];

/// The paths that a service's URL map answers to GET.
fn got(file: &str, route: &str) -> Vec<String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(own.parent().unwrap().join(file)).unwrap();
    let routes = text.split(route).skip(1);
    routes
        .filter(|rest| rest.contains("get().to("))
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Asks on a connection of its own; for GET only the head is waited for, since a stream does not end.
fn ask(method: &str, origin: &str, target: &str, headers: &str) -> Reply {
    let address = origin.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut space = [0; 4096];
    let end = loop {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = at.filter(|_| method != "HEAD") {
            break at;
        }
        match stream
            .read(&mut space)
            .unwrap_or_else(|error| panic!("{method} {target}: {error}"))
        {
            0 => break at.unwrap_or_else(|| panic!("{method} {target}: no head")),
            count => bytes.extend_from_slice(&space[..count]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    Reply {
        status,
        headers,
        body,
    }
}

/// Holds HEAD against GET; whether the length may be another a moment later.
fn is_the_same(origin: &str, target: &str, headers: &str, changes: bool) {
    let mut get = ask("GET", origin, target, headers);
    let mut head = ask("HEAD", origin, target, headers);
    assert!(get.status < 400, "GET {target} of {origin}: {}", get.status);
    assert_eq!(head.status, get.status, "HEAD {target} of {origin}");
    assert!(head.body.is_empty(), "HEAD {target} of {origin} has a body");
    if changes {
        for reply in [&mut get, &mut head] {
            let length = reply.headers.remove("content-length");
            assert!(length.is_some(), "{target}");
        }
    }
    assert_eq!(head.headers, get.headers, "HEAD {target} of {origin}");
}

/// Something real for each place in a path.
struct Places {
    order: String,
    order_token: String,
    payment: String,
    event: String,
    endpoint: String,
}

impl Places {
    async fn of(stack: &Stack) -> Self {
        let shop = Shop::of(stack);
        let made = shop.made(&an_order("qris")).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let endpoint = json!({"url": format!("http://127.0.0.1:9/{}", unique("head"))});
        let endpoint = shop
            .post("/v1/webhook-endpoints", &endpoint)
            .await
            .expect(201);
        let events = shop.get("/v1/events?limit=1").await.expect(200);
        let checkout = text(&made["checkout_url"]);
        let (_, token) = checkout.split_once('?').unwrap();
        Self {
            order: text(&made["id"]),
            order_token: token.to_owned(),
            payment: text(&made["payments"][0]["id"]),
            event: events.str("/data/0/id").to_owned(),
            endpoint: endpoint.str("/id").to_owned(),
        }
    }

    fn filled(&self, path: &str, asset: &str) -> String {
        let id = match path.split('/').nth(2) {
            Some("events") => &self.event,
            Some("webhook-endpoints") => &self.endpoint,
            _ => &self.order,
        };
        let filled = path
            .replace("{id}", id)
            .replace("{name}", asset)
            .replace("{list}", "review")
            .replace("{reference}", &self.payment);
        match filled.as_str() {
            "/v1/reports/daily" => filled + "?date=2026-11-20",
            pay if pay.starts_with("/pay/ord_") => format!("{pay}?{}", self.order_token),
            _ => filled,
        }
    }
}

#[actix_rt::test]
async fn on_every_listener_and_route() {
    let stack = shared();
    let places = Places::of(stack).await;
    let operator = Operator::new(
        stack,
        &format!("{}@example.co.id", unique("head")),
        "viewer",
    )
    .await;
    let key = format!("authorization: Bearer {}\r\n", stack.merchant().api_key);
    let cookie = format!("cookie: {}\r\n", operator.cookie.unwrap());
    let (pages, api): (Vec<_>, Vec<_>) = got("gateway-api/src/routes.rs", "resource(\"")
        .into_iter()
        .partition(|path| path.starts_with("/pay/"));
    let console = got("gateway-api/src/console.rs", "resource(\"");
    let ops = got("service-shell/src/process/ops.rs", ".route(\"");
    let sandbox = got("ayolinx-sandbox/src/http/control.rs", ".route(\"");
    assert!(
        api.len() > 14
            && pages.len() > 5
            && console.len() > 8
            && ops.len() == 3
            && sandbox.len() > 7,
        "{api:?} {pages:?} {console:?} {ops:?} {sandbox:?}"
    );
    for path in &api {
        is_the_same(
            &stack.api_url(0),
            &places.filled(path, "docs.css"),
            &key,
            false,
        );
    }
    for path in &pages {
        is_the_same(
            &stack.checkout_url(),
            &places.filled(path, "checkout.js"),
            "",
            false,
        );
    }
    for path in &console {
        let changes = ["/", "/log"].contains(&path.as_str());
        is_the_same(
            &stack.console_url(),
            &places.filled(path, "console.css"),
            &cookie,
            changes,
        );
    }
    for program in ["gateway-api-1", "callback-worker-1"] {
        for path in &ops {
            is_the_same(
                &stack.ops_url(program).unwrap(),
                path,
                "",
                path == "/metrics",
            );
        }
    }
    for path in &sandbox {
        let target = format!("/_sandbox{}", places.filled(path, ""));
        let changes = ["", "/", "/transactions", "/faults"].contains(&path.as_str());
        is_the_same(&stack.sandbox_url(), &target, "", changes);
    }
}

#[actix_rt::test]
async fn where_get_is_not_allowed_neither_is_it_and_where_it_is_both_are_named() {
    let stack = shared();
    let key = format!("authorization: Bearer {}\r\n", stack.merchant().api_key);
    let refused = ask("HEAD", &stack.api_url(0), "/v1/orders/ord_0/cancel", &key);
    assert_eq!(
        (refused.status, refused.headers["allow"].as_str()),
        (405, "POST")
    );
    let refused = ask("DELETE", &stack.api_url(0), "/v1/orders", &key);
    assert_eq!(refused.status, 405);
    let allowed = &refused.headers["allow"];
    for method in ["GET", "HEAD", "POST"] {
        assert!(allowed.split(", ").any(|one| one == method), "{allowed}");
    }
    let callback = ask("HEAD", &stack.callback_url(0), "/v1.0/qr/qr-mpm-notify", "");
    assert_eq!(callback.status, 405);
    // Without a key it is refused as GET is.
    let stranger = ask("HEAD", &stack.api_url(0), "/v1/orders", "");
    assert_eq!((stranger.status, stranger.body.len()), (401, 0));
}
