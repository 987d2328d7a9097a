//! Names whose address changes between the check and the connection.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

use actix_tls::connect::Resolve;
use futures_util::future::LocalBoxFuture;
use webhooks::{
    AddressClass, Delivery, DeliveryOutcome, FailureReason, UrlGuard, UrlRefused, WebhookSender,
};

use crate::shop::{BODY, EVENT_ID, Shop, noon, says, secrets};

/// Answers each lookup with the next set of addresses; the last one stays.
struct StubResolver {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
}

impl StubResolver {
    fn answering(answers: &[&[&str]]) -> Rc<Self> {
        let parse = |set: &&[&str]| set.iter().map(|a| a.parse().unwrap()).collect();
        Rc::new(Self {
            answers: Mutex::new(answers.iter().map(parse).collect()),
        })
    }
}

impl Resolve for StubResolver {
    fn lookup<'a>(
        &'a self,
        _host: &'a str,
        _port: u16,
    ) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn std::error::Error>>> {
        let mut answers = self.answers.lock().unwrap();
        let set = if answers.len() > 1 {
            answers.pop_front().unwrap()
        } else {
            answers[0].clone()
        };
        // A hostile resolver may name another port too; it must not matter.
        Box::pin(async move { Ok(set.into_iter().map(|ip| SocketAddr::new(ip, 22)).collect()) })
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

async fn try_with(guard: UrlGuard, resolver: &Rc<StubResolver>, url: &str) -> DeliveryOutcome {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let sender = WebhookSender::with_resolver(guard, Duration::from_millis(800), resolver.clone());
    send(&sender, url).await
}

async fn send(sender: &WebhookSender, url: &str) -> DeliveryOutcome {
    let secrets = secrets();
    sender
        .send(
            &Delivery {
                url,
                event_id: EVENT_ID,
                body: BODY,
                secrets: &secrets,
                traceparent: None,
            },
            noon(),
        )
        .await
}

/// Both shops listen on one port; only the first one's address is permitted.
#[actix_rt::test]
async fn a_name_that_moves_to_a_refused_address_gets_nothing_more() {
    let (permitted, inner) = Shop::start_pair(says(OK));
    let port = permitted.address.port();
    let guard = UrlGuard::new::<String>(&[], &[format!("127.0.0.2/32:{port}")]).unwrap();
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let resolver = StubResolver::answering(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let sender = WebhookSender::with_resolver(guard, Duration::from_millis(800), resolver);
    let url = format!("http://shop.example:{port}/hook");

    assert_eq!(
        send(&sender, &url).await,
        DeliveryOutcome::Delivered { status: 200 }
    );
    assert!(permitted.next_request().is_some());
    let refused = DeliveryOutcome::Refused(UrlRefused::Address(AddressClass::Loopback));
    assert_eq!(send(&sender, &url).await, refused);
    assert!(inner.next_request().is_none());
}

#[actix_rt::test]
async fn one_refused_address_among_several_refuses_all() {
    let inner = Shop::start(says(OK));
    let port = inner.address.port();
    let guard = UrlGuard::new::<String>(&[], &[format!("127.0.0.2/32:{port}")]).unwrap();
    let resolver = StubResolver::answering(&[&["127.0.0.2", "127.0.0.1"]]);
    let outcome = try_with(guard, &resolver, &format!("http://shop.example:{port}/")).await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Refused(UrlRefused::Address(AddressClass::Loopback))
    );
    assert!(inner.next_request().is_none());
}

#[actix_rt::test]
async fn public_names_that_resolve_inside_are_refused_before_any_connection() {
    let closed = || UrlGuard::new::<&str>(&[], &[]).unwrap();
    for (address, why) in [
        ("127.0.0.1", UrlRefused::Address(AddressClass::Loopback)),
        ("10.0.0.1", UrlRefused::Address(AddressClass::Private)),
        ("0.0.0.0", UrlRefused::Address(AddressClass::Unspecified)),
        ("100.64.0.1", UrlRefused::Address(AddressClass::CarrierNat)),
        ("::1", UrlRefused::Address(AddressClass::Loopback)),
        (
            "::ffff:127.0.0.1",
            UrlRefused::Address(AddressClass::Mapped),
        ),
        ("64:ff9b::7f00:1", UrlRefused::Address(AddressClass::Nat64)),
        ("169.254.169.254", UrlRefused::NeverAllowed),
        ("::ffff:169.254.169.254", UrlRefused::NeverAllowed),
    ] {
        let resolver = StubResolver::answering(&[&[address]]);
        let outcome = try_with(closed(), &resolver, "https://shop.example:8443/").await;
        assert_eq!(outcome, DeliveryOutcome::Refused(why), "{address}");
    }
}

#[actix_rt::test]
async fn an_allowed_host_reaches_inner_addresses_but_never_metadata() {
    let inner = Shop::start(says(OK));
    let url = format!("http://shop.internal:{}/", inner.address.port());
    let guard = UrlGuard::new::<&str>(&["shop.internal"], &[]).unwrap();
    let resolver = StubResolver::answering(&[&["127.0.0.1"], &["169.254.169.254"]]);
    assert_eq!(
        try_with(guard.clone(), &resolver, &url).await,
        DeliveryOutcome::Delivered { status: 200 }
    );
    assert_eq!(
        try_with(guard, &resolver, &url).await,
        DeliveryOutcome::Refused(UrlRefused::NeverAllowed)
    );
}

#[actix_rt::test]
async fn the_port_is_the_urls_whatever_the_resolver_says() {
    let inner = Shop::start(says(OK));
    let guard = UrlGuard::new::<&str>(&["shop.internal"], &[]).unwrap();
    let resolver = StubResolver::answering(&[&["127.0.0.1"]]);
    let url = format!("http://shop.internal:{}/", inner.address.port());
    assert_eq!(
        try_with(guard, &resolver, &url).await,
        DeliveryOutcome::Delivered { status: 200 }
    );
}

#[actix_rt::test]
async fn a_name_without_addresses_is_a_dns_failure() {
    let guard = UrlGuard::new::<&str>(&[], &[]).unwrap();
    let resolver = StubResolver::answering(&[&[]]);
    let outcome = try_with(guard, &resolver, "https://shop.example/").await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Dns
        }
    );
}

#[actix_rt::test]
async fn registration_looks_names_up() {
    let closed = UrlGuard::new::<&str>(&[], &[]).unwrap();
    let by_network = UrlGuard::new::<&str>(&[], &["127.0.0.0/8", "::1/128"]).unwrap();
    assert!(
        closed
            .check_at_registration("https://no-such-shop.invalid/hook")
            .await
            .is_ok()
    );
    let unresolved = by_network
        .check_at_registration("http://no-such-shop.invalid/hook")
        .await;
    assert_eq!(unresolved.unwrap_err(), UrlRefused::Unresolved);
    assert!(
        by_network
            .check_at_registration("http://localhost:9000/hook")
            .await
            .is_ok()
    );
    assert!(
        closed
            .check_at_registration("https://localhost/hook")
            .await
            .is_err()
    );
}
