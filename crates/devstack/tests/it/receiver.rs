//! The shop's webhook endpoint.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use devstack::WebhookReceiver;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const KEY: &[u8] = b"an endpoint secret of 32 bytes!!";
const BODY: &str = r#"{"id":"evt_1","type":"order.paid","data":{"order":{"id":"ord_1"}}}"#;

/// Sends a webhook signed with `key`, and returns the status line.
fn send(url: &str, key: &[u8]) -> String {
    use std::io::{Read, Write};
    let address = url.strip_prefix("http://").unwrap();
    let (address, path) = address.split_once('/').unwrap();
    let timestamp = chrono::Utc::now().timestamp();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(format!("evt_1.{timestamp}.{BODY}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nContent-Length: {}\r\n\
         webhook-id: evt_1\r\nwebhook-timestamp: {timestamp}\r\n\
         webhook-signature: v1,{signature}\r\n\r\n{BODY}",
        BODY.len()
    );
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply.lines().next().unwrap_or_default().to_owned()
}

#[actix_rt::test]
async fn a_webhook_is_verified_and_remembered() {
    let receiver = WebhookReceiver::start(0).unwrap();
    receiver.trust(&format!("whsec_{}", STANDARD.encode(KEY)));
    assert_eq!(send(&receiver.url(), KEY), "HTTP/1.1 200 OK");
    let about_it = |d: &devstack::Delivery| d.is("order.paid", "ord_1");
    let delivery = receiver
        .wait_for(Duration::from_secs(5), about_it)
        .await
        .unwrap();
    assert_eq!(delivery.verified, Ok(()));
    assert_eq!(delivery.id, "evt_1");
    let other = |d: &devstack::Delivery| d.is("order.paid", "ord_2");
    assert!(
        receiver
            .wait_for(Duration::from_millis(50), other)
            .await
            .is_none()
    );
}

#[actix_rt::test]
async fn a_forged_webhook_is_refused() {
    let receiver = WebhookReceiver::start(0).unwrap();
    receiver.trust(&format!("whsec_{}", STANDARD.encode(KEY)));
    assert_eq!(
        send(&receiver.url(), b"another secret"),
        "HTTP/1.1 401 Unauthorized"
    );
    assert!(receiver.deliveries()[0].verified.is_err());
}

#[actix_rt::test]
async fn the_receiver_answers_as_it_is_told_and_closes_with_its_value() {
    let receiver = WebhookReceiver::start(0).unwrap();
    receiver.trust(&format!("whsec_{}", STANDARD.encode(KEY)));
    receiver.answer_with(503);
    assert_eq!(
        send(&receiver.url(), KEY),
        "HTTP/1.1 503 Service Unavailable"
    );
    let url = receiver.url();
    let address = url
        .trim_start_matches("http://")
        .trim_end_matches("/webhooks")
        .to_owned();
    drop(receiver);
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while std::net::TcpStream::connect(&address).is_ok() {
        assert!(std::time::Instant::now() < deadline, "it is still open");
        std::thread::sleep(Duration::from_millis(10));
    }
}
