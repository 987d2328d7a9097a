//! What one callback and one call cost in the core, without any network or database: signing,
//! verifying, minifying, parsing, and deciding what a notification means. The keys are the published
//! throwaway ones of the vectors. Run by `cargo bench --workspace --bench protocol`.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement stops where something is wrong"
)]

use ayolinx_core::channels::AmountRule;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::Input;
use ayolinx_core::json_style::{JsonStyle, minify};
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Before, decide};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, RsaSigningKey, RsaVerifyingKey, SignedCallback, body_sha256_hex,
    sign_api_call, sign_callback, verify_callback, verify_snap_callback,
};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use serde_json::Value;
use uuid::Uuid;

const ROUTE: &str = "/v1.0/qr/qr-mpm-notify";
const TIMESTAMP: &str = "2026-11-20T10:15:30+07:00";
const BODY: &str = "{\"additionalInfo\":{\"channel\":\"BNC_QRIS\"},\
    \"originalReferenceNo\":\"PSN26112010153000017\",\
    \"originalPartnerReferenceNo\":\"019a9f3c6f7e7c3a8b5d2e1f00a1b2c3\",\
    \"latestTransactionStatus\":\"00\",\"transactionStatusDesc\":\"success\",\
    \"finishedTime\":\"2026-11-20T10:15:29+07:00\",\
    \"amount\":{\"value\":\"150000.00\",\"currency\":\"IDR\"}}";

fn main() {
    divan::main();
}

fn key(name: &str) -> String {
    let text = include_str!("../tests/vectors/vectors.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    vectors
        .pointer(&format!("/keys/{name}"))
        .and_then(Value::as_str)
        .unwrap()
        .to_owned()
}

fn signing_key() -> RsaSigningKey {
    let pem = Secret::new(key("ayolinx_private_pkcs8_pem"));
    RsaSigningKey::from_published_test_pem(&pem).unwrap()
}

fn callback() -> SignedCallback<'static> {
    SignedCallback {
        route: ROUTE,
        body: BODY.as_bytes(),
        timestamp: TIMESTAMP,
    }
}

fn call() -> ApiCall<'static> {
    ApiCall {
        path: ROUTE,
        token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJDS1NhbmRib3gifQ.sig",
        body: BODY.as_bytes(),
        timestamp: TIMESTAMP,
    }
}

fn secret() -> ClientSecret {
    ClientSecret::new(Secret::new("SKSandbox-0123456789abcdef".to_owned())).unwrap()
}

/// As the provider signs each callback.
#[divan::bench]
fn sign_callback_rsa(bencher: Bencher<'_, '_>) {
    let key = signing_key();
    bencher.bench_local(|| sign_callback(black_box(&key), &callback()));
}

/// As each call to the provider is signed.
#[divan::bench]
fn sign_call_hmac(bencher: Bencher<'_, '_>) {
    let secret = secret();
    bencher.bench_local(|| sign_api_call(black_box(&secret), &call()));
}

#[divan::bench]
fn verify_callback_rsa(bencher: Bencher<'_, '_>) {
    let signature = sign_callback(&signing_key(), &callback());
    let key = RsaVerifyingKey::from_pem(&key("ayolinx_public_spki_pem")).unwrap();
    assert!(verify_callback(&key, &callback(), &signature));
    bencher.bench_local(|| verify_callback(black_box(&key), &callback(), &signature));
}

#[divan::bench]
fn verify_callback_hmac(bencher: Bencher<'_, '_>) {
    let secret = secret();
    let signature = sign_api_call(&secret, &call());
    assert!(verify_snap_callback(&secret, &call(), &signature));
    bencher.bench_local(|| verify_snap_callback(black_box(&secret), &call(), &signature));
}

#[divan::bench]
fn digest_of_a_body() -> String {
    body_sha256_hex(black_box(BODY.as_bytes()))
}

#[divan::bench]
fn minify_what_is_small() -> Vec<u8> {
    minify(black_box(BODY.as_bytes()))
}

#[divan::bench]
fn minify_what_is_indented(bencher: Bencher<'_, '_>) {
    let value: Value = serde_json::from_str(BODY).unwrap();
    let spaced = serde_json::to_vec_pretty(&value).unwrap();
    bencher.bench_local(|| minify(black_box(&spaced)));
}

#[divan::bench]
fn serialise_as_php(bencher: Bencher<'_, '_>) {
    let value: Value = serde_json::from_str(BODY).unwrap();
    bencher.bench_local(|| JsonStyle::Php.serialise(black_box(&value)).unwrap());
}

#[divan::bench]
fn parse_a_notification() -> Notification {
    Notification::parse(black_box(BODY.as_bytes())).unwrap()
}

/// From a parsed notification to what the ledger is to do.
#[divan::bench]
fn apply_a_notification(bencher: Bencher<'_, '_>) {
    let notification = Notification::parse(BODY.as_bytes()).unwrap();
    let asked = Amount::rupiah(150_000).unwrap();
    let now: DateTime<Utc> = "2026-11-20T03:15:31Z".parse().unwrap();
    let payment = PaymentId::from_uuid(Uuid::from_u128(1));
    let funds = OrderFunds {
        state: OrderState::Pending,
        base: OrderState::Pending,
        payer_chooses: false,
        is_in_time: true,
        payments: vec![PaymentFunds {
            id: payment,
            base: PaymentState::Pending,
            asked,
            amount_rule: AmountRule::Exact,
            can_inquire: true,
            names_transfers: false,
            expires_at: now + TimeDelta::hours(1),
            receipts: Vec::new(),
            notices: Vec::new(),
        }],
    };
    let before = Before {
        order: OrderState::Pending,
        payments: vec![PaymentState::Pending],
    };
    let receipt = ReceiptId::from_uuid(Uuid::from_u128(2));
    bencher.bench_local(|| {
        let word = ProviderWord::of_notification(black_box(&notification), Channelled::Callback);
        let mut funds = funds.clone();
        funds
            .take(payment, &Input::Word(&word), (receipt, now))
            .unwrap();
        let decision = decide(&before, &funds, payment).unwrap();
        assert_eq!(decision.allocation.order, OrderState::Paid);
        decision
    });
}
