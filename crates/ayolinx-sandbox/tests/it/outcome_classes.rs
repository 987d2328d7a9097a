//! Every way a create can end, done by the sandbox and told by the gateway's own client: what is
//! certain, what is not, and whether the transaction is really there.

use std::time::{Duration, Instant};

use ayolinx_client::{
    AyolinxClient, Breaker, ClientMetrics, CodedReply, CreateOutcome, CreateRequest, NotSentReason,
    Outcome, ProtocolReason, ProviderSettings, TokenCache, UnknownReason,
};
use ayolinx_core::channels::{Channel, ChannelTable, Environment};
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::money::Amount;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::rig::*;

pub(crate) const TIMEOUT: Duration = Duration::from_millis(1200);

fn client(rig: &Rig) -> AyolinxClient {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let metrics = ClientMetrics::new().unwrap();
    let settings = ProviderSettings {
        base_url: rig.sandbox.base_url().parse().unwrap(),
        client_id: rig.client_id.clone(),
        channel_id: None,
        client_secret: rig.secret.clone().into(),
        signing_key: rig.merchant_key.clone(),
        signing_key_previous: None,
        json_style: JsonStyle::Php,
        timeout: TIMEOUT,
        breaker: Breaker::default(),
        metrics,
    };
    AyolinxClient::new(settings, TokenCache::in_process()).unwrap()
}

fn channel() -> Channel {
    let table = ChannelTable::built_in(Environment::NonProduction);
    table.get("BNC_QRIS").unwrap().clone()
}

pub(crate) async fn create(client: &AyolinxClient, reference: &str) -> CreateOutcome {
    let channel = channel();
    let request = CreateRequest {
        our_reference: reference.to_owned(),
        amount: Amount::rupiah(15_000).unwrap(),
        expires_at: Utc::now() + TimeDelta::minutes(15),
        channel: &channel,
        notification_url: None,
        return_url: None,
        description: None,
        customer: None,
        items: Vec::new(),
        customer_digits: None,
        link_channels: Vec::new(),
        sub_merchant_id: None,
        external_store_id: None,
    };
    client.create(&request).await
}

/// One create under a fault: its outcome, and whether the transaction is there.
async fn create_under(action: Value) -> (CreateOutcome, bool) {
    let rig = Rig::new();
    let client = client(&rig);
    assert_eq!(client.fetch_token().await.name(), "accepted");
    rig.fault(&json!({"call": "qris_generate", "times": 1, "action": action}));
    let reference = reference();
    let began = Instant::now();
    let outcome = create(&client, &reference).await;
    assert!(began.elapsed() < TIMEOUT * 2, "{action}");
    let held = rig.control("GET", &format!("/transactions/{reference}"), None);
    (outcome, matches!(held, Seen::Reply { status: 200, .. }))
}

fn unknown<T>(reason: UnknownReason) -> Outcome<T> {
    Outcome::OutcomeUnknown { reason }
}

fn error(http: u16, code: &str) -> Value {
    json!({"kind": "error", "http_status": http, "response_code": code})
}

#[actix_rt::test]
async fn a_provider_that_is_gone_is_not_sent_to() {
    let rig = Rig::new();
    let client = client(&rig);
    assert_eq!(client.fetch_token().await.name(), "accepted");
    rig.sandbox.stop();
    let outcome = create(&client, &reference()).await;
    let gone = NotSentReason::ConnectionRefused;
    assert!(
        matches!(&outcome, Outcome::NotSent { reason, .. } if *reason == gone),
        "{outcome:?}"
    );
}

#[actix_rt::test]
async fn silence_is_unknown_whether_it_was_done_or_not() {
    for done in [false, true] {
        let hang = json!({"kind": "hang", "after_effect": done, "ms": 10_000});
        let timeout = unknown(UnknownReason::Timeout);
        assert_eq!(create_under(hang).await, (timeout, done));
    }
}

#[actix_rt::test]
async fn an_end_after_the_effect_is_unknown() {
    let broken = unknown(UnknownReason::Broken);
    let seen = create_under(json!("drop_after_effect")).await;
    assert_eq!(seen, (broken, true));
}

#[actix_rt::test]
async fn a_reset_after_the_effect_is_unknown() {
    let broken = unknown(UnknownReason::Broken);
    let seen = create_under(json!("reset_after_effect")).await;
    assert_eq!(seen, (broken, true));
}

#[actix_rt::test]
async fn a_dripping_reply_is_unknown_at_the_deadline() {
    let drip = json!({"kind": "drip", "bytes_per_second": 5});
    let timeout = unknown(UnknownReason::Timeout);
    assert_eq!(create_under(drip).await, (timeout, true));
}

#[actix_rt::test]
async fn garbage_and_a_proxys_page_are_unknown() {
    for done in [false, true] {
        let (page, there) = create_under(json!({"kind": "html_502", "after_effect": done})).await;
        let not_json = ProtocolReason::NotJson;
        assert!(
            matches!(&page, Outcome::Protocol { reason, .. } if *reason == not_json),
            "{page:?}"
        );
        assert_eq!(there, done);
        let seen = create_under(json!({"kind": "garbage", "after_effect": done})).await;
        assert_eq!(seen, (unknown(UnknownReason::Broken), done));
    }
}

#[actix_rt::test]
async fn an_error_code_under_http_200_is_a_refusal() {
    let (outcome, there) = create_under(error(200, "4034702")).await;
    assert_eq!(outcome.name(), "rejected", "{outcome:?}");
    assert!(!there);
}

#[actix_rt::test]
async fn http_500_is_unknown_though_it_was_done() {
    let failed = UnknownReason::ProviderError(CodedReply::new("5004700", "General Error"));
    let seen = create_under(json!("http_500_after_effect")).await;
    assert_eq!(seen, (unknown(failed), true));
}

#[actix_rt::test]
async fn a_used_external_id_is_replaced_once_and_then_accepted() {
    let (outcome, there) = create_under(error(409, "4094700")).await;
    assert_eq!(outcome.name(), "accepted", "{outcome:?}");
    assert!(there);
}

#[actix_rt::test]
async fn a_reference_that_exists_is_unknown_and_no_failure() {
    let rig = Rig::new();
    let client = client(&rig);
    let reference = reference();
    assert_eq!(create(&client, &reference).await.name(), "accepted");
    // No fault: the sandbox refuses a second transaction of one name by itself.
    let again = create(&client, &reference).await;
    assert_eq!(
        again,
        unknown(UnknownReason::ReferenceExists(CodedReply::new(
            "4094701",
            "Duplicate partnerReferenceNo"
        )))
    );
}

#[actix_rt::test]
async fn in_progress_is_unknown() {
    for done in [false, true] {
        let action = json!({"kind": "in_progress_202", "after_effect": done});
        let in_progress =
            UnknownReason::InProgress(CodedReply::new("2024700", "Request In Progress"));
        assert_eq!(create_under(action).await, (unknown(in_progress), done));
    }
}

#[actix_rt::test]
async fn a_gateways_timeout_in_json_is_unknown() {
    let failed = UnknownReason::ProviderError(CodedReply::new("5044700", ""));
    let seen = create_under(error(504, "5044700")).await;
    assert_eq!(seen, (unknown(failed), false));
}
