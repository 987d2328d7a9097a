//! Interim responses (1xx) of a shop, or of what stands before it, are no outcome: the exchange is read on.

use std::io::Write;
use std::time::Duration;

use webhooks::{DeliveryOutcome, FailureReason};

use crate::drawn::{behind_interim, draw};
use crate::shop::{Shop, try_once};

#[actix_rt::test]
async fn whatever_comes_before_it_the_answer_counts() {
    let after = Duration::from_secs(7);
    for (answer, expected) in [
        (
            &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..],
            DeliveryOutcome::Delivered { status: 200 },
        ),
        (
            b"HTTP/1.1 204 No Content\r\n\r\n",
            DeliveryOutcome::Delivered { status: 204 },
        ),
        (
            b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
            DeliveryOutcome::RetryAfter { status: 503, after },
        ),
        (
            b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n",
            DeliveryOutcome::Gone,
        ),
    ] {
        for drawn in draw(behind_interim(answer), 50) {
            let sent = drawn.clone();
            let shop = Shop::start(move |mut stream| sent.send(&mut stream));
            assert_eq!(try_once(&shop.url()).await, expected, "{drawn:?}");
        }
    }
}

#[actix_rt::test]
async fn interim_answers_without_an_answer_are_none() {
    for drawn in draw(
        behind_interim(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        20,
    ) {
        let sent = drawn.clone();
        let shop = Shop::start(move |mut stream| sent.send(&mut stream));
        let expected = DeliveryOutcome::Failed {
            reason: FailureReason::Disconnected,
        };
        assert_eq!(try_once(&shop.url()).await, expected, "{drawn:?}");
    }
}

#[actix_rt::test]
async fn interim_answers_without_end_are_no_http() {
    let shop = Shop::start(
        |mut stream| {
            while stream.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").is_ok() {}
        },
    );
    let expected = DeliveryOutcome::Failed {
        reason: FailureReason::BadResponse,
    };
    assert_eq!(try_once(&shop.url()).await, expected);
}
