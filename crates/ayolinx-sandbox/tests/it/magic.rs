//! Amounts that make the sandbox act by itself.

use std::io::{Read, Write};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::receiver::Receiver;
use crate::rig::*;

fn scaled() -> (Rig, Receiver) {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |settings| settings.time_scale = 20);
    (rig, receiver)
}

#[test]
fn an_amount_ending_in_901_is_refused() {
    let rig = Rig::new();
    for (path, body, code) in [
        (QRIS_GENERATE, qris(15_901, None), "4034705"),
        (VA_CREATE, account(15_901), "4032705"),
        (RETAIL_CREATE, retail(15_901), "4035405"),
    ] {
        assert_eq!(rig.call(path, &body).json(403)["responseCode"], code);
    }
    assert_eq!(
        rig.control("GET", "/transactions", None).json(200)["total"],
        0
    );
}

#[test]
fn an_amount_ending_in_902_is_done_but_never_answered() {
    let rig = Rig::new();
    let body = qris(15_902, None);
    let bytes = body.to_string();
    let mut request = format!("POST {QRIS_GENERATE} HTTP/1.1\r\nHost: x\r\n");
    for (name, value) in rig.headers(QRIS_GENERATE, bytes.as_bytes()) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{bytes}", bytes.len()));
    let mut stream = std::net::TcpStream::connect(rig.sandbox.addr).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let path = format!("/transactions/{reference}");
    eventually(|| {
        matches!(
            rig.control("GET", &path, None),
            Seen::Reply { status: 200, .. }
        )
        .then_some(())
    });
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let silence = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(rig.qris_status(reference), "03");
}

#[test]
fn an_amount_ending_in_903_pays_itself_soon() {
    let (rig, receiver) = scaled();
    let reference = rig.open_qris(15_903, None);
    assert_eq!(rig.qris_status(&reference), "03");
    let received = receiver.wait_for(1).remove(0);
    assert_eq!(received.json()["originalPartnerReferenceNo"], reference);
    assert_eq!(rig.qris_status(&reference), "00");
}

#[test]
fn an_amount_ending_in_904_pays_itself_after_expiry() {
    let (rig, receiver) = scaled();
    let mut body = qris(15_904, None);
    body["validUpTo"] = json!(spelt(TimeDelta::seconds(2)));
    let expiry: i64 = rig.call(QRIS_GENERATE, &body).json(200)["expiredDate"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    receiver.wait_for(1);
    assert!(Utc::now().timestamp() >= expiry);
}

#[test]
fn an_amount_ending_in_905_pays_itself_and_loses_its_callback() {
    let (rig, receiver) = scaled();
    let reference = rig.open_qris(15_905, None);
    eventually(|| (rig.qris_status(&reference) == "00").then_some(()));
    let held = eventually(|| {
        Some(rig.transaction(&reference)).filter(|held| held["callbacks"][0]["state"] == "dropped")
    });
    assert_eq!(held["callbacks"][0]["attempts"], json!([]));
    assert!(receiver.all().is_empty());
}

#[test]
fn what_was_cancelled_meanwhile_does_not_pay_itself() {
    let (rig, receiver) = scaled();
    let reference = rig.open_qris(15_903, None);
    rig.call(QRIS_CANCEL, &inquiry(&reference, "BNC_QRIS"))
        .json(200);
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(rig.qris_status(&reference), "05");
    assert!(receiver.all().is_empty());
}
