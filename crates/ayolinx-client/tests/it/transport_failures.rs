//! Traps T1 and T2: how connections fail, and what is certain then. Always against real sockets.

use std::time::{Duration, Instant};

use ayolinx_client::{
    Alarm, AyolinxClient, CodedReply, CreateOutcome, NotSentReason, Outcome, ProtocolReason,
    TokenCache, TokenFailure, UnknownReason,
};
use ayolinx_core::method::Method;

use crate::bodies::{channel, request};
use crate::stub::{Act, Stub, TIMEOUT, coded, ok, settings, token_body};

const ACCEPTED: &str = r#"{"responseCode":"2004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#;

async fn create_at(stub: &Stub) -> CreateOutcome {
    let channel = channel("BNC_QRIS");
    stub.client().create(&request(&channel)).await
}

async fn create_with(client: &AyolinxClient) -> CreateOutcome {
    let channel = channel("BNC_QRIS");
    client.create(&request(&channel)).await
}

fn not_sent<T>(reason: NotSentReason) -> Outcome<T> {
    Outcome::NotSent {
        reason,
        alarm: Alarm::Quiet,
    }
}

fn no_token<T>(failure: TokenFailure) -> Outcome<T> {
    not_sent(NotSentReason::NoToken(failure))
}

fn unknown<T>(reason: UnknownReason) -> Outcome<T> {
    Outcome::OutcomeUnknown { reason }
}

/// Nobody listens there, and no other test is given that port.
const REFUSES: &str = "http://127.0.0.1:1";

#[actix_rt::test]
async fn a_refused_connection_is_not_sent() {
    let client = AyolinxClient::new(settings(REFUSES), TokenCache::in_process()).unwrap();
    assert_eq!(
        create_with(&client).await,
        not_sent(NotSentReason::ConnectionRefused)
    );
}

#[actix_rt::test]
async fn a_connection_refused_after_the_token_is_not_sent() {
    let stub = Stub::start(&[], &[], 1);
    assert_eq!(
        create_at(&stub).await,
        not_sent(NotSentReason::ConnectionRefused)
    );
    assert_eq!(stub.token_requests(), 1);
}

#[actix_rt::test]
async fn a_connect_error_that_is_not_on_the_white_list_is_unknown() {
    // No TCP connection to a broadcast address: "network is unreachable", at once. The token comes from elsewhere.
    let tokens = TokenCache::in_process();
    let stub = Stub::new(&[]);
    assert_eq!(
        stub.client_with(tokens.clone()).fetch_token().await.name(),
        "accepted"
    );
    let client = AyolinxClient::new(settings("http://255.255.255.255:9"), tokens).unwrap();
    assert_eq!(create_with(&client).await, unknown(UnknownReason::Broken));
}

#[actix_rt::test]
async fn a_name_without_address_is_not_sent() {
    let mut settings = settings("http://no-such-host.invalid");
    settings.timeout *= 10;
    let client = AyolinxClient::new(settings, TokenCache::in_process()).unwrap();
    assert_eq!(create_with(&client).await, not_sent(NotSentReason::Dns));
}

#[actix_rt::test]
async fn what_breaks_after_the_send_is_unknown() {
    for act in [
        Act::Close,
        Act::Reset,
        Act::Raw(b"HTTP/1.1 20".to_vec()),
        Act::Raw(b"garbage that is no HTTP\r\n\r\n".to_vec()),
        Act::Raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec()),
    ] {
        let stub = Stub::new(std::slice::from_ref(&act));
        assert_eq!(
            create_at(&stub).await,
            unknown(UnknownReason::Broken),
            "{act:?}"
        );
        assert_eq!(stub.calls().len(), 1, "{act:?}: never repeated");
    }
}

#[actix_rt::test]
async fn silence_and_dripping_end_at_the_deadline_and_are_unknown() {
    for act in [Act::Hang, Act::Drip] {
        let stub = Stub::new(std::slice::from_ref(&act));
        let began = Instant::now();
        assert_eq!(
            create_at(&stub).await,
            unknown(UnknownReason::Timeout),
            "{act:?}"
        );
        assert!(began.elapsed() < TIMEOUT * 2, "{act:?}");
    }
}

#[actix_rt::test]
async fn one_deadline_covers_token_call_and_repeat() {
    let third = TIMEOUT / 3;
    let late = |act| Act::Late(third + third / 4, Box::new(act));
    let token = late(ok(&token_body(1)));
    let stub = Stub::with_token_acts(&[token], &[late(coded(409, "4094700")), ok(ACCEPTED)]);
    let began = Instant::now();
    assert_eq!(create_at(&stub).await.name(), "accepted");
    let stub = Stub::with_token_acts(&[], &[late(coded(409, "4094700")), Act::Hang]);
    assert_eq!(create_at(&stub).await, unknown(UnknownReason::Timeout));
    assert!(began.elapsed() < TIMEOUT * 3);
}

#[actix_rt::test]
async fn a_body_too_large_is_not_read_on() {
    let body = format!(
        r#"{{"responseCode":"2004700","x":"{}"}}"#,
        "a".repeat(70_000)
    );
    let stub = Stub::new(&[ok(&body)]);
    let reason = ProtocolReason::TooLarge;
    let expected = Outcome::Protocol {
        reason,
        alarm: Alarm::Quiet,
    };
    assert_eq!(create_at(&stub).await, expected);
}

#[actix_rt::test]
async fn whatever_becomes_of_the_token_request_the_create_was_not_sent() {
    for (act, failure) in [
        (Act::Close, TokenFailure::Unusable),
        (Act::Reset, TokenFailure::Unusable),
        (
            Act::Raw(b"garbage\r\n\r\n".to_vec()),
            TokenFailure::Unusable,
        ),
        (Act::Hang, TokenFailure::Timeout),
        (Act::Drip, TokenFailure::Timeout),
        (Act::Reply(502, "<html>".to_owned()), TokenFailure::Unusable),
        (
            coded(500, "5007300"),
            TokenFailure::Errored(CodedReply::new("5007300", "said so")),
        ),
        (coded(200, "2007300"), TokenFailure::Unusable),
        (coded(429, "4297300"), TokenFailure::Throttled),
        (
            ok(r#"{"responseCode":"2007300","accessToken":"a\r\nb"}"#),
            TokenFailure::Unusable,
        ),
    ] {
        let stub = Stub::with_token_acts(std::slice::from_ref(&act), &[ok(ACCEPTED)]);
        assert_eq!(create_at(&stub).await, no_token(failure), "{act:?}");
        assert!(stub.calls().is_empty(), "{act:?}");
    }
}

#[actix_rt::test]
async fn a_refused_token_request_raises_the_configuration_alarm() {
    for (act, failure) in [
        (
            coded(401, "4017300"),
            TokenFailure::Refused(CodedReply::new("4017300", "said so")),
        ),
        (
            coded(400, "4007300"),
            TokenFailure::Refused(CodedReply::new("4007300", "said so")),
        ),
        (
            coded(200, "581000001"),
            TokenFailure::Refused(CodedReply::new("581000001", "said so")),
        ),
        (
            Act::Reply(403, "<html>".to_owned()),
            TokenFailure::Blocked(403),
        ),
    ] {
        let stub = Stub::with_token_acts(std::slice::from_ref(&act), &[ok(ACCEPTED)]);
        let reason = NotSentReason::NoToken(failure);
        let expected = Outcome::NotSent {
            reason,
            alarm: Alarm::Configuration,
        };
        assert_eq!(create_at(&stub).await, expected, "{act:?}");
    }
}

#[actix_rt::test]
async fn a_token_that_cannot_be_replaced_leaves_the_create_not_sent() {
    let token = ok(&token_body(1));
    let stub = Stub::with_token_acts(&[token, Act::Close], &[coded(401, "4014701")]);
    assert_eq!(create_at(&stub).await, no_token(TokenFailure::Unusable));
    assert_eq!(stub.calls().len(), 1);
}

#[actix_rt::test]
async fn five_failures_to_reach_the_provider_open_the_breaker_for_every_client_and_channel() {
    let settings = settings(REFUSES);
    let tokens = TokenCache::in_process();
    let client = AyolinxClient::new(settings.clone(), tokens.clone()).unwrap();
    for _ in 0..5 {
        assert_eq!(
            create_with(&client).await,
            not_sent(NotSentReason::ConnectionRefused)
        );
    }
    let other = AyolinxClient::new(settings, tokens).unwrap();
    let asked = other
        .inquire(Method::Ewallet, "EMONEY_DANA_SNAP", "ref")
        .await;
    let Outcome::NotSent {
        reason: NotSentReason::BreakerOpen { retry_in },
        ..
    } = asked
    else {
        panic!("{asked:?}");
    };
    assert!(retry_in <= Duration::from_secs(5));
}

/// Time-outs, resets, ends and HTTP 5xx are one channel's and one kind of call's: the others are sent.
#[actix_rt::test]
async fn trouble_after_the_connection_opens_the_breaker_of_its_channel_and_call_alone() {
    let troubles = [
        (Act::Hang, "timed out"),
        (Act::Drip, "timed out"),
        (Act::Close, "connection broken"),
        (Act::Reset, "connection broken"),
        (coded(500, "5004700"), "provider error 5004700 (said so)"),
        (coded(503, "5034700"), "provider error 5034700 (said so)"),
    ];
    for (act, detail) in troubles {
        let stub = Stub::new(std::slice::from_ref(&act));
        let client = stub.client();
        let creates: Vec<_> = (0..5)
            .map(|_| {
                let client = client.clone();
                actix_rt::spawn(async move { create_with(&client).await })
            })
            .collect();
        for create in creates {
            let outcome = create.await.unwrap();
            assert_eq!(outcome.detail().as_deref(), Some(detail), "{act:?}");
        }
        let refused = create_with(&client).await.detail();
        assert_eq!(refused.as_deref(), Some("circuit breaker open"), "{act:?}");
        let sent_before = stub.calls().len();
        for (method, channel) in [
            (Method::Qris, "BNC_QRIS"),
            (Method::Ewallet, "EMONEY_DANA_SNAP"),
        ] {
            let asked = client.inquire(method, channel, "ref").await;
            assert_eq!(asked.name(), "unknown", "{act:?}");
        }
        assert_eq!(stub.calls().len(), sent_before + 2, "{act:?}");
    }
}

#[actix_rt::test]
async fn answers_below_500_do_not_open_the_breaker() {
    for act in [
        coded(400, "4004700"),
        coded(429, "4294700"),
        Act::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhm\n".to_vec()),
    ] {
        let stub = Stub::new(std::slice::from_ref(&act));
        let client = stub.client();
        for _ in 0..8 {
            create_with(&client).await;
        }
        assert_eq!(stub.calls().len(), 8, "{act:?}");
    }
}
