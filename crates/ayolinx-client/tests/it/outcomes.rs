//! Every row of the contract's outcome table, told by what the provider says.

use std::time::Duration;

use ayolinx_client::{Alarm, CodedReply, CreateOutcome, Outcome, ProtocolReason, UnknownReason};

use crate::bodies::{REFERENCE, channel, request};
use crate::stub::{Act, Stub, coded, ok};

const ACCEPTED: &str = r#"{"responseCode":"2004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#;

async fn create(acts: &[Act]) -> (CreateOutcome, Stub) {
    let stub = Stub::new(acts);
    let channel = channel("BNC_QRIS");
    let outcome = stub.client().create(&request(&channel)).await;
    (outcome, stub)
}

async fn ewallet(reply: &str) -> CreateOutcome {
    let stub = Stub::new(&[ok(reply)]);
    let channel = channel("EMONEY_DANA_SNAP");
    stub.client().create(&request(&channel)).await
}

/// What [`coded`] says.
fn said(code: &str) -> CodedReply {
    CodedReply::new(code, "said so")
}

fn unknown<T>(reason: UnknownReason) -> Outcome<T> {
    Outcome::OutcomeUnknown { reason }
}

fn protocol<T>(reason: ProtocolReason) -> Outcome<T> {
    Outcome::Protocol {
        reason,
        alarm: Alarm::Quiet,
    }
}

#[actix_rt::test]
async fn the_response_code_decides_before_the_http_status() {
    let (outcome, _) = create(&[Act::Reply(500, ACCEPTED.to_owned())]).await;
    assert_eq!(outcome.name(), "accepted");
    let (outcome, stub) = create(&[coded(200, "4004702")]).await;
    let rejected = Outcome::Rejected(said("4004702"));
    assert_eq!(outcome, rejected);
    assert_eq!(stub.calls().len(), 1);
}

#[actix_rt::test]
async fn refusals_in_json_are_rejections() {
    for code in [
        "4004700", "4034702", "4044708", "4044701", "4044714", "4094702",
    ] {
        let (outcome, stub) = create(&[coded(400, code)]).await;
        assert_eq!(outcome.name(), "rejected", "{code}");
        assert_eq!(stub.calls().len(), 1);
    }
}

#[actix_rt::test]
async fn what_may_have_happened_is_unknown() {
    for (act, reason) in [
        (
            coded(202, "2024700"),
            UnknownReason::InProgress(said("2024700")),
        ),
        (
            coded(500, "5004700"),
            UnknownReason::ProviderError(said("5004700")),
        ),
        (
            coded(504, "5044700"),
            UnknownReason::ProviderError(said("5044700")),
        ),
        (
            coded(200, "9999999"),
            UnknownReason::ProviderError(said("9999999")),
        ),
        (coded(200, "12"), UnknownReason::ProviderError(said("12"))),
        (
            coded(409, "4094701"),
            UnknownReason::ReferenceExists(said("4094701")),
        ),
        (
            coded(404, "4044718"),
            UnknownReason::InconsistentRequest(said("4044718")),
        ),
    ] {
        let (outcome, stub) = create(&[act]).await;
        assert_eq!(outcome, unknown(reason));
        assert_eq!(stub.calls().len(), 1, "never repeated");
    }
}

#[actix_rt::test]
async fn a_used_external_id_is_replaced_once() {
    let (outcome, stub) = create(&[coded(409, "4094700"), ok(ACCEPTED)]).await;
    assert_eq!(outcome.name(), "accepted");
    let calls = stub.calls();
    assert_eq!(calls.len(), 2);
    assert_ne!(
        calls[0].header("x-external-id"),
        calls[1].header("x-external-id")
    );
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!(stub.token_requests(), 1);

    let (outcome, stub) = create(&[coded(409, "4094700")]).await;
    assert_eq!(
        outcome,
        unknown(UnknownReason::ExternalIdRefused(said("4094700")))
    );
    assert_eq!(stub.calls().len(), 2);
}

#[actix_rt::test]
async fn a_refused_token_is_replaced_once() {
    for code in ["4014701", "4014703", "4014700", "581000001"] {
        let (outcome, stub) = create(&[coded(401, code), ok(ACCEPTED)]).await;
        assert_eq!(outcome.name(), "accepted", "{code}");
        let calls = stub.calls();
        assert_eq!((calls.len(), stub.token_requests()), (2, 2), "{code}");
        assert_eq!(calls[0].header("authorization"), "Bearer token-1");
        assert_eq!(calls[1].header("authorization"), "Bearer token-2");
        assert_ne!(
            calls[0].header("x-external-id"),
            calls[1].header("x-external-id")
        );

        let (outcome, stub) = create(&[coded(401, code)]).await;
        let refused = Outcome::AuthenticationRefused(said(code));
        assert_eq!(outcome, refused);
        assert_eq!(outcome.alarm(), Alarm::Configuration);
        assert_eq!(stub.calls().len(), 2, "{code}");
    }
}

#[actix_rt::test]
async fn throttling_keeps_the_providers_wish() {
    let body = r#"{"responseCode":"4294700"}"#.to_owned();
    let (outcome, _) = create(&[Act::ReplyWith(429, "retry-after: 7", body.clone())]).await;
    assert_eq!(
        outcome,
        Outcome::Throttled {
            retry_after: Some(Duration::from_secs(7)),
            reply: CodedReply::new("4294700", ""),
        }
    );
    let (outcome, _) = create(&[Act::Reply(429, body)]).await;
    let throttled = Outcome::Throttled {
        retry_after: None,
        reply: CodedReply::new("4294700", ""),
    };
    assert_eq!(outcome, throttled);
}

#[actix_rt::test]
async fn what_is_not_the_providers_json_makes_no_sense() {
    let html = "<html>Bad gateway</html>".to_owned();
    for (status, alarm) in [
        (200, Alarm::Quiet),
        (404, Alarm::Quiet),
        (502, Alarm::Quiet),
        (401, Alarm::Configuration),
        (403, Alarm::Configuration),
    ] {
        let (outcome, stub) = create(&[Act::Reply(status, html.clone())]).await;
        let reason = ProtocolReason::NotJson;
        assert_eq!(outcome, Outcome::Protocol { reason, alarm }, "{status}");
        assert_eq!(stub.calls().len(), 1);
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"error":"no"}"#,
        r#"{"responseCode":"","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#,
        r#"{"responseCode":"2004700","responseCode":"4004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#,
        "{\"responseCode\":\"2004700\",\"qrContent\":\"x",
    ] {
        let (outcome, _) = create(&[ok(body)]).await;
        assert_eq!(outcome, protocol(ProtocolReason::NotJson), "{body}");
    }
}

#[actix_rt::test]
async fn a_redirect_is_not_followed() {
    let away = Act::ReplyWith(307, "location: http://127.0.0.1:1/", String::new());
    let (outcome, stub) = create(&[away, ok(ACCEPTED)]).await;
    assert_eq!(outcome, protocol(ProtocolReason::NotJson));
    assert_eq!(stub.calls().len(), 1);
}

#[actix_rt::test]
async fn success_without_the_artefact_makes_no_sense() {
    for body in [
        r#"{"responseCode":"2004700"}"#,
        r#"{"responseCode":"2004700","qrContent":""}"#,
        r#"{"responseCode":"00","qrContent":null}"#,
    ] {
        let (outcome, _) = create(&[ok(body)]).await;
        assert_eq!(outcome, protocol(ProtocolReason::NoArtefact), "{body}");
    }
}

#[actix_rt::test]
async fn an_echo_of_something_else_makes_no_sense() {
    for (field, reason) in [
        (
            r#""partnerReferenceNo":"other""#,
            ProtocolReason::OtherReference,
        ),
        (
            r#""amount":{"value":"15001.00","currency":"IDR"}"#,
            ProtocolReason::OtherAmount,
        ),
        (
            r#""amount":{"value":"15000.00","currency":"USD"}"#,
            ProtocolReason::OtherAmount,
        ),
    ] {
        let body = format!(
            r#"{{"responseCode":"2004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE",{field}}}"#
        );
        let (outcome, _) = create(&[ok(&body)]).await;
        assert_eq!(outcome, protocol(reason), "{field}");
    }
    let same = format!(
        r#"{{"responseCode":2004700,"qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE","partnerReferenceNo":"{REFERENCE}","amount":{{"value":15000,"currency":"IDR"}}}}"#
    );
    assert_eq!(create(&[ok(&same)]).await.0.name(), "accepted");
}

#[actix_rt::test]
async fn a_payer_is_only_sent_where_it_is_safe() {
    for url in [
        "http://m.dana.id/x",
        "javascript:alert(1)",
        "https://u:p@m.dana.id/",
        "/x",
    ] {
        let body = format!(r#"{{"responseCode":"2005400","webRedirectUrl":"{url}"}}"#);
        assert_eq!(
            ewallet(&body).await,
            protocol(ProtocolReason::RedirectNotAllowed),
            "{url}"
        );
    }
    let local = r#"{"responseCode":"2005400","webRedirectUrl":"http://127.0.0.1:9/pay"}"#;
    assert_eq!(
        ewallet(local).await.name(),
        "accepted",
        "the stub is on this machine too"
    );

    let stub = Stub::new(&[ok(
        r#"{"responseCode":"2005400","webRedirectUrl":"https://evil.example/"}"#,
    )]);
    let mut channel = channel("EMONEY_DANA_SNAP");
    channel.redirect_hosts = vec!["m.dana.id".to_owned()];
    let outcome = stub.client().create(&request(&channel)).await;
    assert_eq!(outcome, protocol(ProtocolReason::RedirectNotAllowed));
}

/// Whatever the provider says with a refusal is told with it, masked, in one line and cut off.
#[actix_rt::test]
async fn the_providers_words_are_told_with_every_code() {
    let words = "Amount  exceeds\\nlimit of VA 9882917212345678";
    let told = "Amount exceeds limit of VA ************5678";
    for (code, name) in [
        ("4034702", "rejected"),
        ("4014700", "authentication_refused"),
        ("4294700", "throttled"),
        ("5004700", "unknown"),
        ("2024700", "unknown"),
        ("4094701", "unknown"),
        ("4044718", "unknown"),
        ("4094700", "unknown"),
        ("01", "unknown"),
        ("581000002", "unknown"),
    ] {
        let body = format!(r#"{{"responseCode":"{code}","responseMessage":"{words}"}}"#);
        let (outcome, _) = create(&[Act::Reply(200, body)]).await;
        assert_eq!(outcome.name(), name, "{code}");
        assert_eq!(
            outcome.reply(),
            Some(&CodedReply::new(code, told)),
            "{code}"
        );
        let detail = outcome.detail().unwrap();
        assert!(detail.contains(code) && detail.contains(told), "{detail}");
    }
}

/// What the gateway layer says in nine digits raises the alarm, and leaves open what happened.
#[actix_rt::test]
async fn whatever_the_gateway_layer_says_raises_the_configuration_alarm() {
    for (code, alarm) in [
        ("581000002", Alarm::Configuration),
        ("581000413", Alarm::Configuration),
        ("5810002", Alarm::Quiet),
        ("5004700", Alarm::Quiet),
        ("9999999", Alarm::Quiet),
    ] {
        let (outcome, stub) = create(&[coded(500, code)]).await;
        assert_eq!(outcome, unknown(UnknownReason::ProviderError(said(code))));
        assert_eq!(outcome.alarm(), alarm, "{code}");
        assert_eq!(stub.calls().len(), 1, "{code}");
    }
}
