//! Callbacks as the merchant receives them: signatures of both modes, bodies, the plan of repeats.

use std::time::Duration;

use ayolinx_core::signing::{
    ApiCall, SignedCallback, verify_callback, verify_snap_callback, verify_token_request,
};
use ayolinx_sandbox::CallbackMode;
use serde_json::{Value, json};

use crate::receiver::{ISSUED_TOKEN, Received, Receiver};
use crate::rig::*;

#[track_caller]
fn assert_plainly_signed(rig: &Rig, received: &Received) {
    assert!(received.header("authorization").is_none());
    let callback = SignedCallback {
        route: &received.target,
        body: &received.body,
        timestamp: received.header("x-timestamp").unwrap(),
    };
    assert!(verify_callback(
        &rig.provider_key,
        &callback,
        received.header("x-signature").unwrap()
    ));
}

#[test]
fn a_qris_payment_is_announced_plainly_signed_over_the_url_path() {
    let (rig, receiver) = pair();
    let reference = rig.open_qris(15_000, Some(&receiver.url("/v1.0/qr/qr-mpm-notify?x=1")));
    let answer = rig.pay(&reference, &json!({}));
    assert_eq!(answer["callback"]["state"], "delivered");
    assert_eq!(answer["callback"]["httpStatus"], 200);
    assert_eq!(answer["callback"]["responseCode"], "2005600");
    let received = receiver.wait_for(1).remove(0);
    assert_eq!(received.target, "/v1.0/qr/qr-mpm-notify?x=1");
    assert_plainly_signed(&rig, &received);
    let body = received.json();
    assert_eq!(body["callbackType"], "payment");
    assert_eq!(body["latestTransactionStatus"], "00");
    assert_eq!(body["originalPartnerReferenceNo"], reference);
    assert_eq!(
        body["amount"],
        json!({"value": "15000.00", "currency": "IDR"})
    );
    assert_eq!(body["additionalInfo"]["channel"], "BNC_QRIS");
    assert_eq!(
        body["originalReferenceNo"],
        rig.transaction(&reference)["originalReferenceNo"]
    );
    assert_eq!(rig.qris_status(&reference), "00");
}

#[test]
fn callbacks_without_a_url_go_to_the_documented_path() {
    let (rig, receiver) = pair();
    let qris = rig.open_qris(15_000, None);
    rig.pay(&qris, &json!({}));
    let account = account(11_500);
    rig.call(VA_CREATE, &account).json(200);
    rig.pay(account["trxId"].as_str().unwrap(), &json!({}));
    let retail = retail(50_000);
    rig.call(RETAIL_CREATE, &retail).json(200);
    rig.pay(retail["partnerReferenceNo"].as_str().unwrap(), &json!({}));
    let all = receiver.wait_for(3);
    let targets: Vec<&str> = all.iter().map(|one| one.target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "/v1.0/qr/qr-mpm-notify",
            "/v1.0/transfer-va/payment",
            "/v1.0/debit/notify"
        ]
    );
    for received in &all {
        assert_plainly_signed(&rig, received);
    }
    assert_eq!(
        all[1].json()["originalPartnerReferenceNo"],
        account["trxId"]
    );
    assert_eq!(
        all[2].json()["additionalInfo"]["channel"],
        "RETAIL_ALFAMART"
    );
}

#[test]
fn a_snap_va_payment_asks_for_a_token_and_signs_with_the_secret() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |settings| {
        settings.callback_mode = CallbackMode::Snap;
        settings.snap_client_key = "ours-for-them".to_owned();
    });
    let body = account(11_500);
    rig.call(VA_CREATE, &body).json(200);
    receiver.answer(
        200,
        r#"{"responseCode":"2002500","responseMessage":"Success","virtualAccountData":{}}"#,
    );
    let reference = body["trxId"].as_str().unwrap();
    let answer = rig.pay(reference, &json!({}));
    assert_eq!(answer["callback"]["state"], "delivered", "{answer}");
    let all = receiver.wait_for(2);
    let (token, payment) = (&all[0], &all[1]);
    assert_eq!(token.header("x-client-key"), Some("ours-for-them"));
    assert!(verify_token_request(
        &rig.provider_key,
        "ours-for-them",
        token.header("x-timestamp").unwrap(),
        token.header("x-signature").unwrap()
    ));
    assert_eq!(token.json()["grant_type"], "client_credentials");
    assert_snap_signed(&rig, payment);
    assert_eq!(payment.header("x-partner-id"), Some("ours-for-them"));
    let told = payment.json();
    assert_eq!(told["trxId"], reference);
    assert_eq!(told["paidAmount"]["value"], "11500.00");
    assert_eq!(told["partnerServiceId"], "    2056");
    assert_eq!(
        told["paymentRequestId"],
        rig.transaction(reference)["originalReferenceNo"]
    );

    // The token is used again; a failure has no SNAP form and is told plainly.
    rig.control("POST", &format!("/transactions/{reference}/fail"), None)
        .json(200);
    let all = receiver.wait_for(3);
    assert_plainly_signed(&rig, &all[2]);
    assert_eq!(all[2].json()["latestTransactionStatus"], "06");
}

#[test]
fn a_snap_qris_callback_carries_the_plain_body() {
    let (rig, receiver) = pair();
    let reference = rig.open_qris(15_000, None);
    let answer = rig.pay(&reference, &json!({"mode": "snap"}));
    assert_eq!(answer["callback"]["state"], "delivered");
    let all = receiver.wait_for(2);
    assert_snap_signed(&rig, &all[1]);
    assert_eq!(all[1].json()["originalPartnerReferenceNo"], reference);
}

#[test]
fn a_refused_snap_token_is_asked_for_again() {
    let (rig, receiver) = pair();
    let reference = rig.open_qris(15_000, None);
    receiver.answer(401, r#"{"responseCode":"4012501"}"#);
    rig.pay(&reference, &json!({"mode": "snap"}));
    rig.pay(&reference, &json!({"mode": "snap"}));
    let tokens = receiver
        .all()
        .iter()
        .filter(|one| one.target == TOKEN)
        .count();
    assert_eq!(tokens, 2);
}

#[test]
fn other_products_are_always_plain() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |settings| {
        settings.callback_mode = CallbackMode::Snap
    });
    let body = ewallet(30_000, &receiver.url("/v1.0/debit/notify"));
    rig.call(EWALLET_PAYMENT, &body).json(200);
    rig.pay(
        body["partnerReferenceNo"].as_str().unwrap(),
        &json!({"mode": "snap"}),
    );
    assert_plainly_signed(&rig, &receiver.wait_for(1)[0]);
}

#[test]
fn a_payment_link_is_announced_as_its_channel_with_the_link_code() {
    let (rig, receiver) = pair();
    let body = link(&receiver.url("/v1.0/payment-link/notify"));
    let code = rig.call(LINK_CREATE, &body).json(200)["partnerReferenceNo"].clone();
    rig.pay(code.as_str().unwrap(), &json!({}));
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    rig.pay(
        reference,
        &json!({"channel": "BNC_QRIS", "reference": "SOMEBODY-ELSES"}),
    );
    let all = receiver.wait_for(2);
    for received in &all {
        assert_eq!(received.target, "/v1.0/payment-link/notify");
        assert_plainly_signed(&rig, received);
        assert_eq!(received.json()["additionalInfo"]["plh"], code);
    }
    assert_eq!(
        all[0].json()["additionalInfo"]["channel"],
        "EMONEY_DANA_SNAP"
    );
    assert_eq!(all[0].json()["originalPartnerReferenceNo"], reference);
    assert_eq!(all[0].json()["amount"]["value"], "40000.00");
    assert_eq!(all[1].json()["callbackType"], "payment");
    assert_eq!(
        all[1].json()["originalPartnerReferenceNo"],
        "SOMEBODY-ELSES"
    );
}

#[test]
fn a_settlement_can_differ_from_the_truth_where_a_test_wants_it() {
    let (rig, receiver) = pair();
    let reference = rig.open_qris(15_000, None);
    rig.pay(&reference, &json!({"status": "02"}));
    assert_eq!(rig.qris_status(&reference), "02");
    rig.pay(&reference, &json!({"amount": {"value": "14900.00", "currency": "IDR"}, "feeMoney": "100.00", "providerReference": "ANOTHER"}));
    rig.pay(&reference, &json!({"withoutAmount": true}));
    let all = receiver.wait_for(3);
    assert_eq!(all[0].json()["latestTransactionStatus"], "02");
    assert_eq!(all[1].json()["amount"]["value"], "14900.00");
    assert_eq!(
        all[1].json()["additionalInfo"]["feeMoney"]["value"],
        "100.00"
    );
    assert_eq!(all[1].json()["originalReferenceNo"], "ANOTHER");
    assert!(all[2].json().get("amount").is_none());
    for (verb, status) in [("cancel", "05"), ("refund", "04")] {
        rig.control("POST", &format!("/transactions/{reference}/{verb}"), None)
            .json(200);
        assert_eq!(rig.qris_status(&reference), status);
    }
    assert_eq!(
        receiver.wait_for(5)[4].json()["latestTransactionStatus"],
        "04"
    );
}

#[test]
fn a_callback_is_repeated_on_the_plan_until_it_succeeds() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |settings| settings.time_scale = 600);
    let reference = rig.open_qris(15_000, None);
    receiver.answer(500, "{}");
    receiver.answer(200, r#"{"responseCode":"5005600"}"#);
    receiver.answer(200, "not json");
    let answer = rig.pay(&reference, &json!({}));
    assert_eq!(answer["callback"]["state"], "retrying");
    assert_eq!(answer["callback"]["httpStatus"], 500);
    // 60 s, 300 s and 600 s, divided by 600.
    let callback = finished(&rig, &reference, "delivered");
    let attempts = callback["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 4);
    let accepted: Vec<bool> = attempts.iter().map(|one| one["accepted"] == true).collect();
    assert_eq!(accepted, [false, false, false, true]);
    for received in receiver.all() {
        assert_plainly_signed(&rig, &received);
    }
}

#[test]
fn a_callback_is_given_up_after_four_repeats() {
    let rig = Rig::with(nowhere(), |settings| settings.time_scale = 100_000);
    let reference = rig.open_qris(15_000, None);
    let answer = rig.pay(&reference, &json!({}));
    assert!(answer["callback"]["error"].is_string(), "{answer}");
    let callback = finished(&rig, &reference, "given_up");
    assert_eq!(callback["attempts"].as_array().unwrap().len(), 5);
}

#[test]
fn repeats_do_not_survive_a_reset() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |settings| settings.time_scale = 600);
    let reference = rig.open_qris(15_000, None);
    receiver.answer(500, "{}");
    rig.pay(&reference, &json!({}));
    rig.control("POST", "/reset", None).json(204);
    // The first repeat would come after 100 ms.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(receiver.all().len(), 1);
}

#[track_caller]
fn assert_snap_signed(rig: &Rig, received: &Received) {
    assert_eq!(
        received.header("authorization"),
        Some(format!("Bearer {ISSUED_TOKEN}").as_str())
    );
    let call = ApiCall {
        path: &received.target,
        token: ISSUED_TOKEN,
        body: &received.body,
        timestamp: received.header("x-timestamp").unwrap(),
    };
    assert!(verify_snap_callback(
        &rig.secret,
        &call,
        received.header("x-signature").unwrap()
    ));
    assert!(
        received
            .header("x-external-id")
            .unwrap()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
    );
}

fn pair() -> (Rig, Receiver) {
    let receiver = Receiver::new();
    (Rig::with(receiver.origin(), |_settings| {}), receiver)
}

#[track_caller]
fn finished(rig: &Rig, reference: &str, state: &str) -> Value {
    eventually(|| {
        let callback = rig.transaction(reference)["callbacks"][0].clone();
        (callback["state"] == state).then_some(callback)
    })
}
