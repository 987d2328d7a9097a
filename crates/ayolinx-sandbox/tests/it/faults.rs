//! Every fault bites: what the client sees on the socket, and whether the work was done.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::rig::*;

/// Sets the fault for one QRIS create and tells what was seen and whether the transaction exists.
fn create_under(rig: &Rig, action: &Value) -> (Seen, bool) {
    rig.fault(&json!({"call": "qris_generate", "times": 1, "action": action}));
    let body = qris(15_000, None);
    let seen = rig.call(QRIS_GENERATE, &body);
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let held = rig.control("GET", &format!("/transactions/{reference}"), None);
    (seen, matches!(held, Seen::Reply { status: 200, .. }))
}

#[test]
fn connections_are_closed_or_reset_before_or_after_the_effect() {
    let rig = Rig::new();
    for (action, seen, done) in [
        ("drop_before_effect", Seen::Closed, false),
        ("drop_after_effect", Seen::Closed, true),
        ("reset_before_effect", Seen::Reset, false),
        ("reset_after_effect", Seen::Reset, true),
    ] {
        assert_eq!(create_under(&rig, &json!(action)), (seen, done), "{action}");
    }
    assert_eq!(
        rig.call(QRIS_GENERATE, &qris(15_000, None)).code(),
        "2004700"
    );
}

#[test]
fn the_usual_client_sees_what_it_sees_of_real_servers() {
    use awc::error::{ConnectError, SendRequestError};
    let rig = Rig::new();
    let url = format!("{}{QRIS_QUERY}", rig.sandbox.base_url());
    actix_rt::System::new().block_on(async {
        let client = awc::Client::default();
        let mut seen = Vec::new();
        for action in [
            "drop_after_effect",
            "reset_after_effect",
            "half_status_line",
            "garbage",
        ] {
            // The connection that is cut has served a request before.
            client.post(&url).send().await.unwrap().body().await.unwrap();
            rig.fault(&json!({"call": "qris_query", "times": 1, "action": action}));
            seen.push(client.post(&url).send().await.err().unwrap());
        }
        assert!(
            matches!(
                seen[0],
                SendRequestError::Connect(ConnectError::Disconnected)
            ),
            "{seen:?}"
        );
        assert!(
            matches!(&seen[1], SendRequestError::Response(error) if error.to_string().contains("reset")),
            "{seen:?}"
        );
        assert!(matches!(seen[2], SendRequestError::Response(_)), "{seen:?}");
        assert!(matches!(seen[3], SendRequestError::Response(_)), "{seen:?}");
    });
}

#[test]
fn bytes_that_are_no_reply_are_written_raw() {
    let rig = Rig::new();
    let (seen, done) = create_under(&rig, &json!({"kind": "garbage", "after_effect": true}));
    assert!(matches!(seen, Seen::Partial(bytes) if bytes.starts_with(b"\x16\x03")));
    assert!(done);
    let (seen, done) = create_under(&rig, &json!("half_status_line"));
    assert_eq!(seen, Seen::Partial(b"HTTP/1.1 20".to_vec()));
    assert!(!done);
    let (seen, done) = create_under(&rig, &json!("truncate"));
    assert!(matches!(seen, Seen::Partial(bytes) if bytes.starts_with(b"HTTP/1.1 200 OK\r\n")));
    assert!(done);
}

#[test]
fn a_hang_says_nothing_and_then_closes() {
    let rig = Rig::new();
    let clock = Instant::now();
    let (seen, done) = create_under(
        &rig,
        &json!({"kind": "hang", "ms": 400, "after_effect": true}),
    );
    assert_eq!((seen, done), (Seen::Closed, true));
    assert!(clock.elapsed() >= Duration::from_millis(400));
}

#[test]
fn a_delay_is_followed_by_the_right_reply() {
    let rig = Rig::new();
    let clock = Instant::now();
    let (seen, done) = create_under(&rig, &json!({"kind": "delay", "ms": 300}));
    assert_eq!(seen.code(), "2004700");
    assert!(done && clock.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_drip_gives_the_head_at_once_and_the_body_slowly() {
    use std::io::{Read, Write};
    let rig = Rig::new();
    rig.fault(&json!({"call": "qris_query", "action": {"kind": "drip", "bytes_per_second": 200}}));
    let body = inquiry("X", "BNC_QRIS").to_string();
    let mut request = format!("POST {QRIS_QUERY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (name, value) in rig.headers(QRIS_QUERY, body.as_bytes()) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = std::net::TcpStream::connect(rig.sandbox.addr).unwrap();
    let clock = Instant::now();
    stream.write_all(request.as_bytes()).unwrap();
    let mut pieces = 0;
    let mut buffer = [0; 4096];
    let mut text = Vec::new();
    loop {
        let size = stream.read(&mut buffer).unwrap();
        if size == 0 {
            break;
        }
        pieces += 1;
        text.extend_from_slice(&buffer[..size]);
    }
    assert!(String::from_utf8_lossy(&text).contains("4045101"));
    assert!(pieces >= 4, "{pieces} pieces");
    assert!(
        clock.elapsed() >= Duration::from_millis(300),
        "{:?}",
        clock.elapsed()
    );
}

#[test]
fn replies_of_other_kinds_take_the_place_of_the_right_one() {
    let rig = Rig::new();
    let (seen, done) = create_under(&rig, &json!({"kind": "html_502", "after_effect": true}));
    assert!(matches!(seen, Seen::Reply { status: 502, body } if body.starts_with("<html>")));
    assert!(done);
    let (seen, done) = create_under(&rig, &json!({"kind": "garbage_body", "after_effect": true}));
    assert!(matches!(seen, Seen::Reply { status: 200, body } if body.starts_with("<<<")));
    assert!(done);
    let (seen, done) = create_under(&rig, &json!("http_500_after_effect"));
    assert_eq!(seen.json(500)["responseCode"], "5004700");
    assert!(done);
    let (seen, done) = create_under(&rig, &json!("in_progress_202"));
    assert_eq!(seen.json(202)["responseCode"], "2024700");
    assert!(done);
    let error = json!({"kind": "error", "http_status": 401, "response_code": "581000001", "message": "UNAUTHORIZED"});
    let (seen, done) = create_under(&rig, &error);
    assert_eq!(seen.json(401)["responseCode"], "581000001");
    assert!(!done);
    let (seen, done) = create_under(
        &rig,
        &json!({"kind": "http_redirect", "location": "http://127.0.0.1:1/"}),
    );
    assert!(matches!(seen, Seen::Reply { status: 307, .. }), "{seen:?}");
    assert!(!done);
}

#[test]
fn right_looking_replies_are_wrong_in_one_place() {
    let rig = Rig::new();
    let (seen, _done) = create_under(&rig, &json!("wrong_echo_reference"));
    assert_eq!(
        seen.json(200)["partnerReferenceNo"],
        "SOMEBODY-ELSES-REFERENCE"
    );
    let (seen, _done) = create_under(&rig, &json!("wrong_echo_amount"));
    assert!(
        seen.json(200)["qrContent"]
            .as_str()
            .unwrap()
            .contains("54011")
    );
    for (action, amount) in [
        (json!("static_qr"), None),
        (
            json!({"kind": "other_amount_qr", "rupiah": 2_500}),
            Some("54042500"),
        ),
    ] {
        let (seen, done) = create_under(&rig, &action);
        let qr = seen.json(200)["qrContent"].as_str().unwrap().to_owned();
        assert!(done && qr.starts_with("000201"), "{action}: {qr}");
        assert_eq!(
            qr.contains("5303360540"),
            amount.is_some(),
            "{action}: {qr}"
        );
        assert!(amount.is_none_or(|amount| qr.contains(amount)), "{qr}");
    }
    let (seen, _done) = create_under(&rig, &json!("missing_artefact"));
    assert!(seen.json(200).get("qrContent").is_none());

    rig.fault(&json!({"call": "va_create", "times": 1, "action": "wrong_echo_amount"}));
    let reply = rig.call(VA_CREATE, &account(11_500)).json(200);
    assert_eq!(reply["virtualAccountData"]["totalAmount"]["value"], "1.00");
    rig.fault(&json!({"call": "va_create", "times": 1, "action": "missing_artefact"}));
    let reply = rig.call(VA_CREATE, &account(11_500)).json(200);
    assert!(
        reply["virtualAccountData"]
            .get("virtualAccountNo")
            .is_none()
    );
    rig.fault(&json!({"call": "ewallet_payment", "action": "redirect_elsewhere"}));
    let reply = rig
        .call(EWALLET_PAYMENT, &ewallet(30_000, "http://127.0.0.1:1/"))
        .json(200);
    assert_eq!(reply["webRedirectUrl"], "https://pay.evil.example/checkout");
}

#[test]
fn rules_match_by_channel_and_reference_and_can_be_removed() {
    let rig = Rig::new();
    let body = qris(15_000, None);
    rig.fault(&json!([
        {"call": "*", "channel": "BNC_QRIS", "reference": body["partnerReferenceNo"], "action": "drop_before_effect"},
    ]));
    assert_eq!(
        rig.call(QRIS_GENERATE, &qris(15_000, None)).code(),
        "2004700"
    );
    assert_eq!(rig.call(QRIS_GENERATE, &body), Seen::Closed);
    let rules = rig.control("GET", "/faults", None).json(200);
    assert_eq!(rules["rules"][0]["fired"], 1);
    rig.control("DELETE", "/faults", None).json(204);
    assert_eq!(rig.call(QRIS_GENERATE, &body).code(), "2004700");
    let refused = rig
        .control("POST", "/faults", Some(&json!({"action": "explode"})))
        .json(400);
    assert!(refused["error"].as_str().unwrap().contains("explode"));
}

#[test]
fn a_dropped_callback_never_comes() {
    let (rig, receiver) = pair();
    rig.fault(&json!({"call": "callback", "times": 1, "action": "drop"}));
    let reference = rig.open_qris(15_000, None);
    assert_eq!(
        rig.pay(&reference, &json!({}))["callback"]["state"],
        "dropped"
    );
    assert_eq!(rig.qris_status(&reference), "00");
    rig.pay(&reference, &json!({}));
    assert_eq!(receiver.all().len(), 1);
}

#[test]
fn a_duplicated_callback_comes_again_byte_for_byte() {
    let (rig, receiver) = pair();
    rig.fault(&json!({"call": "callback", "action": {"kind": "duplicate", "times": 3}}));
    let reference = rig.open_qris(15_000, None);
    rig.pay(&reference, &json!({}));
    let all = receiver.wait_for(4);
    for received in &all {
        assert_eq!(received.body, all[0].body);
        assert_eq!(received.header("x-signature"), all[0].header("x-signature"));
    }
}

#[test]
fn a_reordered_callback_comes_after_the_next_one() {
    let (rig, receiver) = pair();
    rig.fault(&json!({"call": "callback", "times": 1, "action": "reorder"}));
    let reference = rig.open_qris(15_000, None);
    let held = rig.pay(&reference, &json!({"status": "02"}));
    assert_eq!(held["callback"]["state"], "held");
    rig.pay(&reference, &json!({}));
    let statuses: Vec<Value> = receiver
        .wait_for(2)
        .iter()
        .map(|one| one.json()["latestTransactionStatus"].clone())
        .collect();
    assert_eq!(statuses, ["00", "02"]);
}

#[test]
fn callbacks_can_be_wrong_in_amount_signature_or_time() {
    use ayolinx_core::signing::{SignedCallback, verify_callback};
    let (rig, receiver) = pair();
    let verify = |received: &crate::receiver::Received| {
        let callback = SignedCallback {
            route: &received.target,
            body: &received.body,
            timestamp: received.header("x-timestamp").unwrap(),
        };
        verify_callback(
            &rig.provider_key,
            &callback,
            received.header("x-signature").unwrap(),
        )
    };
    for action in ["wrong_amount", "wrong_signature", "stale_timestamp"] {
        rig.fault(&json!({"call": "callback", "times": 1, "action": action}));
        let reference = rig.open_qris(15_000, None);
        rig.pay(&reference, &json!({}));
    }
    let all = receiver.wait_for(3);
    assert_eq!(all[0].json()["amount"]["value"], "15001.00");
    assert!(verify(&all[0]));
    assert!(!verify(&all[1]));
    assert!(verify(&all[2]));
    let stale =
        chrono::DateTime::parse_from_rfc3339(all[2].header("x-timestamp").unwrap()).unwrap();
    assert!(chrono::Utc::now().signed_duration_since(stale).num_hours() >= 47);
}

#[test]
fn a_delayed_callback_is_late() {
    let (rig, receiver) = pair();
    rig.fault(&json!({"call": "callback", "action": {"kind": "delay", "ms": 300}}));
    let reference = rig.open_qris(15_000, None);
    let clock = Instant::now();
    rig.pay(&reference, &json!({}));
    assert!(clock.elapsed() >= Duration::from_millis(300));
    assert_eq!(receiver.all().len(), 1);
}

fn pair() -> (Rig, Receiver) {
    let receiver = Receiver::new();
    (Rig::with(receiver.origin(), |_settings| {}), receiver)
}
