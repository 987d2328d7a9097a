//! What each answer, or the lack of one, is taken for.

use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use webhooks::{DeliveryOutcome, FailureReason, UrlRefused};

use crate::shop::{BODY, EVENT_ID, Shop, header, noon, says, try_once};

async fn check(answer: &'static str, expected: DeliveryOutcome) {
    let shop = Shop::start(says(answer));
    assert_eq!(try_once(&shop.url()).await, expected, "{answer}");
}

#[actix_rt::test]
async fn two_hundreds_are_delivered() {
    check(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        DeliveryOutcome::Delivered { status: 200 },
    )
    .await;
    check(
        "HTTP/1.1 204 No Content\r\n\r\n",
        DeliveryOutcome::Delivered { status: 204 },
    )
    .await;
    check(
        "HTTP/1.1 202 Accepted\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Delivered { status: 202 },
    )
    .await;
}

#[actix_rt::test]
async fn statuses_that_are_not_success_fail() {
    check(
        "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Status { status: 500 },
    )
    .await;
    check(
        "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Status { status: 404 },
    )
    .await;
    check(
        "HTTP/1.1 429 Slow\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Status { status: 429 },
    )
    .await;
}

#[actix_rt::test]
async fn odd_heads_do_not_hide_the_status() {
    let delivered = DeliveryOutcome::Delivered { status: 200 };
    let many: &'static str = format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        "x-header: value\r\n".repeat(500)
    )
    .leak();
    for answer in [
        many,
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno header at all\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-folded: a\r\n  b\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.0 200 OK\n\nok",
        "\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        check(answer, delivered).await;
    }
    // Where the body ends does not change what its head says, but two ends are no HTTP.
    check(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
        DeliveryOutcome::Failed {
            reason: FailureReason::BadResponse,
        },
    )
    .await;
}

#[actix_rt::test]
async fn a_gone_endpoint_is_told_apart() {
    check(
        "HTTP/1.1 410 Gone\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Gone,
    )
    .await;
}

#[actix_rt::test]
async fn retry_after_is_honoured_in_both_forms_and_capped() {
    let wait = |status, secs| DeliveryOutcome::RetryAfter {
        status,
        after: Duration::from_secs(secs),
    };
    check(
        "HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n",
        wait(429, 120),
    )
    .await;
    check(
        "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
        wait(503, 7),
    )
    .await;
    check(
        "HTTP/1.1 429 Slow\r\nretry-after: 9999999\r\ncontent-length: 0\r\n\r\n",
        wait(429, 86_400),
    )
    .await;
    check(
        "HTTP/1.1 503 Busy\r\nretry-after: Sat, 21 Nov 2026 05:01:30 GMT\r\ncontent-length: 0\r\n\r\n",
        wait(503, 90),
    )
    .await;
}

#[actix_rt::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let elsewhere = Shop::start(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    let location = elsewhere.url();
    let shop = Shop::start(move |mut stream: TcpStream| {
        let head =
            format!("HTTP/1.1 307 Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
    });
    assert_eq!(
        try_once(&shop.url()).await,
        DeliveryOutcome::Status { status: 307 }
    );
    assert!(elsewhere.next_request().is_none());
    check(
        "HTTP/1.1 301 Moved\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        DeliveryOutcome::Status { status: 301 },
    )
    .await;
}

#[actix_rt::test]
async fn silence_ends_at_the_timeout() {
    let shop = Shop::start(|_stream| sleep(Duration::from_secs(30)));
    let started = Instant::now();
    let outcome = try_once(&shop.url()).await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Timeout
        }
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[actix_rt::test]
async fn a_dripping_head_ends_at_the_timeout_of_the_whole_exchange() {
    let shop = Shop::start(drip(
        b"HTTP/1.1 200 OK\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ));
    let started = Instant::now();
    let outcome = try_once(&shop.url()).await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Timeout
        }
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[actix_rt::test]
async fn a_dripping_body_neither_holds_the_sender_nor_undoes_the_success() {
    let shop = Shop::start(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .unwrap();
        drip(&[b'x'; 1000])(stream);
    });
    let started = Instant::now();
    assert_eq!(
        try_once(&shop.url()).await,
        DeliveryOutcome::Delivered { status: 200 }
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[actix_rt::test]
async fn an_endless_body_is_left_after_its_first_kilobyte() {
    let shop = Shop::start(|mut stream| {
        let head = b"HTTP/1.1 500 Oops\r\ncontent-length: 99999999999\r\n\r\n";
        let mut open = stream.write_all(head).is_ok();
        while open {
            open = stream.write_all(&[b'x'; 65_536]).is_ok();
        }
    });
    let started = Instant::now();
    assert_eq!(
        try_once(&shop.url()).await,
        DeliveryOutcome::Status { status: 500 }
    );
    assert!(
        started.elapsed() < Duration::from_millis(700),
        "{:?}",
        started.elapsed()
    );
}

#[actix_rt::test]
async fn a_broken_or_foreign_answer_is_a_failure() {
    check(
        "",
        DeliveryOutcome::Failed {
            reason: FailureReason::Disconnected,
        },
    )
    .await;
    check(
        "HTTP/1.1 20",
        DeliveryOutcome::Failed {
            reason: FailureReason::Disconnected,
        },
    )
    .await;
    check(
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        DeliveryOutcome::Failed {
            reason: FailureReason::BadResponse,
        },
    )
    .await;
}

#[actix_rt::test]
async fn a_reset_after_the_request_is_a_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // Closing a socket with unread input makes the kernel send a reset.
        stream.peek(&mut [0; 1]).unwrap();
    });
    let outcome = try_once(&format!("http://{address}/")).await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Disconnected
        }
    );
}

#[actix_rt::test]
async fn a_refused_connection_is_a_connect_failure() {
    // No other test is given that port.
    let outcome = try_once("http://127.0.0.1:1/").await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Connect
        }
    );
}

#[actix_rt::test]
async fn a_tls_handshake_that_fails_is_a_connect_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"this is not TLS\r\n").unwrap();
    });
    let outcome = try_once(&format!("https://{address}/")).await;
    assert_eq!(
        outcome,
        DeliveryOutcome::Failed {
            reason: FailureReason::Connect
        }
    );
}

#[actix_rt::test]
async fn a_url_that_is_not_permitted_is_not_sent_to() {
    let shop = Shop::start(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    let url = format!("http://127.1:{}/", shop.address.port());
    assert_eq!(
        try_once(&url).await,
        DeliveryOutcome::Refused(UrlRefused::NumericHost)
    );
    assert!(shop.next_request().is_none());
}

#[actix_rt::test]
async fn a_shop_can_verify_what_it_receives() {
    let shop = Shop::start(says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    try_once(&shop.url()).await;
    let request = shop.next_request().unwrap();
    assert!(
        request.starts_with("POST /hook?shop=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(header(&request, "host").unwrap(), shop.address.to_string());
    assert_eq!(
        header(&request, "content-type").unwrap(),
        "application/json"
    );
    assert_eq!(header(&request, "webhook-id").unwrap(), EVENT_ID);
    assert_eq!(
        header(&request, "webhook-timestamp").unwrap(),
        noon().timestamp().to_string()
    );
    assert!(
        header(&request, "user-agent")
            .unwrap()
            .starts_with("payment-gateway")
    );
    assert_eq!(header(&request, "accept-encoding").unwrap(), "identity");
    assert_eq!(request.split_once("\r\n\r\n").unwrap().1.as_bytes(), BODY);
    let signatures = header(&request, "webhook-signature").unwrap();
    let given: Vec<&str> = signatures.split(' ').collect();
    assert_eq!(
        given,
        vec![
            independent_signature([1; 32]),
            independent_signature([2; 32])
        ]
    );
}

/// Made by another library than the one that signs.
fn independent_signature(key: [u8; 32]) -> String {
    let text = format!(
        "{EVENT_ID}.{}.{}",
        noon().timestamp(),
        std::str::from_utf8(BODY).unwrap()
    );
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    format!(
        "v1,{}",
        STANDARD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()))
    )
}

fn drip(bytes: &[u8]) -> impl Fn(TcpStream) + Send + Clone + 'static {
    let bytes = bytes.to_vec();
    move |mut stream: TcpStream| {
        for byte in &bytes {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            sleep(Duration::from_millis(100));
        }
    }
}
