//! Every documented call, rightly signed, and its documented reply.

use ayolinx_sandbox::BodySpelling;
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::rig::*;

#[test]
fn qris_is_generated_queried_and_cancelled() {
    let rig = Rig::new();
    let body = qris(15_000, None);
    let reply = rig.call(QRIS_GENERATE, &body).json(200);
    assert_eq!(reply["responseCode"], "2004700");
    assert_eq!(reply["partnerReferenceNo"], body["partnerReferenceNo"]);
    let expiry: i64 = reply["expiredDate"].as_str().unwrap().parse().unwrap();
    let asked = DateTime::parse_from_rfc3339(body["validUpTo"].as_str().unwrap()).unwrap();
    assert_eq!(expiry, asked.timestamp());
    let qr = reply["qrContent"].as_str().unwrap();
    assert_eq!(tag(qr, "54"), "15000");
    assert_eq!(tag(qr, "53"), "360");
    assert_eq!(tag(qr, "58"), "ID");
    assert_eq!(tag(qr, "59"), "TOKO CONTOH SANDBOX");
    assert_eq!(tag(qr, "63").len(), 4);

    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let query = rig
        .call(QRIS_QUERY, &inquiry(reference, "BNC_QRIS"))
        .json(200);
    assert_eq!(query["responseCode"], "2005100");
    assert_eq!(query["latestTransactionStatus"], "03");
    assert_eq!(
        query["amount"],
        json!({"currency": "IDR", "value": "15000.00"})
    );
    assert_eq!(query["originalReferenceNo"].as_str().unwrap().len(), 32);
    assert!(query.get("finishedTime").is_none());

    let cancel = rig
        .call(QRIS_CANCEL, &inquiry(reference, "BNC_QRIS"))
        .json(200);
    assert_eq!(cancel["responseCode"], "2007700");
    assert_eq!(rig.qris_status(reference), "05");
}

#[test]
fn a_paid_qr_cannot_be_cancelled() {
    let rig = Rig::new();
    let reference = rig.open_qris(15_000, None);
    rig.pay(&reference, &json!({"callback": false}));
    let refused = rig.call(QRIS_CANCEL, &inquiry(&reference, "BNC_QRIS"));
    assert_eq!(refused.json(403)["responseCode"], "4037715");
    let query = rig
        .call(QRIS_QUERY, &inquiry(&reference, "BNC_QRIS"))
        .json(200);
    assert_eq!(query["latestTransactionStatus"], "00");
    assert!(query["finishedTime"].as_str().unwrap().ends_with("+00:00"));
}

#[test]
fn an_ewallet_payment_gives_a_long_https_link_and_answers_a_status() {
    let rig = Rig::new();
    let body = ewallet(30_000, "https://pay.example.co.id/v1.0/debit/notify");
    let reply = rig.call(EWALLET_PAYMENT, &body).json(200);
    assert_eq!(reply["responseCode"], "2005400");
    assert_eq!(reply["responseMessage"], "Success");
    let url = reply["webRedirectUrl"].as_str().unwrap();
    assert!(
        url.starts_with("https://m.sandbox.dana.id/") && url.len() > 700,
        "{url}"
    );
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let status = rig
        .call(EWALLET_STATUS, &inquiry(reference, "EMONEY_DANA_SNAP"))
        .json(200);
    assert_eq!(status["responseCode"], "2005500");
    assert_eq!(status["latestTransactionStatus"], "03");
    assert_eq!(status["originalReferenceNo"].as_str().unwrap().len(), 35);
}

#[test]
fn an_expired_ewallet_payment_is_told_as_cancelled_and_can_still_be_paid() {
    let rig = Rig::new();
    let mut body = ewallet(30_000, "http://127.0.0.1:1/notify");
    body["validUpTo"] = json!((Utc::now().timestamp() + 1).to_string());
    rig.call(EWALLET_PAYMENT, &body).json(200);
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let ask = || {
        rig.call(EWALLET_STATUS, &inquiry(reference, "EMONEY_DANA_SNAP"))
            .json(200)
    };
    eventually(|| (ask()["latestTransactionStatus"] == "05").then_some(()));
    rig.pay(reference, &json!({"callback": false}));
    assert_eq!(ask()["latestTransactionStatus"], "00");
}

#[test]
fn a_virtual_account_is_created_in_snap_form_and_answers_an_inquiry() {
    let rig = Rig::new();
    let body = account(11_500);
    let reply = rig.call(VA_CREATE, &body).json(200);
    assert_eq!(reply["responseCode"], "2002700");
    let data = &reply["virtualAccountData"];
    let customer = body["customerNo"].as_str().unwrap();
    assert_eq!(data["virtualAccountNo"], format!("    {customer}"));
    assert_eq!(data["partnerServiceId"], "    2056");
    assert_eq!(data["trxId"], body["trxId"]);
    assert_eq!(data["totalAmount"], body["totalAmount"]);
    assert_eq!(data["expiredDate"], body["expiredDate"]);
    let reference = body["trxId"].as_str().unwrap();
    let inquiry = rig
        .call(VA_INQUIRY, &inquiry(reference, "VIRTUAL_ACCOUNT_CIMB"))
        .json(200);
    assert_eq!(inquiry["responseCode"], "2003000");
    assert_eq!(inquiry["latestTransactionStatus"], "03");
    assert_eq!(inquiry["finishedTime"], "");
}

#[test]
fn an_open_virtual_account_needs_no_amount_and_takes_any() {
    let rig = Rig::new();
    let mut body = account(1);
    body["virtualAccountTrxType"] = json!("O");
    body.as_object_mut().unwrap().remove("totalAmount");
    let reply = rig.call(VA_CREATE, &body).json(200);
    assert!(reply["virtualAccountData"].get("totalAmount").is_none());
    let reference = body["trxId"].as_str().unwrap();
    rig.pay(reference, &json!({"amount": "70000.00", "callback": false}));
    let paid = rig
        .call(VA_INQUIRY, &inquiry(reference, "VIRTUAL_ACCOUNT_CIMB"))
        .json(200);
    assert_eq!(paid["amount"]["value"], "70000.00");
    assert_eq!(paid["latestTransactionStatus"], "00");
}

#[test]
fn a_retail_code_is_created_and_queried_with_the_short_code() {
    let rig = Rig::new();
    let body = retail(50_000);
    let reply = rig.call(RETAIL_CREATE, &body).json(200);
    assert_eq!(reply["responseCode"], "00");
    assert_eq!(reply["expiryDate"], body["validUpTo"]);
    assert_eq!(reply["vaNumber"].as_str().unwrap().len(), 12);
    assert!(
        reply["paymentUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://passport.duitku.com/")
    );
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let query = rig
        .call(RETAIL_QUERY, &inquiry(reference, "RETAIL_ALFAMART"))
        .json(200);
    assert_eq!(query["responseCode"], "00");
    assert_eq!(query["latestTransactionStatus"], "03");
}

#[test]
fn what_was_sent_is_shown_whole() {
    let rig = Rig::new();
    let body = retail(50_000);
    rig.call(RETAIL_CREATE, &body).json(200);
    let reference = body["partnerReferenceNo"].as_str().unwrap();
    let shown = rig.transaction(reference);
    assert_eq!(shown["request"], body);
    assert_eq!(shown["undocumentedFields"], json!([]));
}

#[test]
fn a_channel_that_the_operators_file_adds_is_served() {
    let added = |file: Option<&str>| {
        let rig = Rig::with(nowhere(), |settings| {
            settings.channels_toml = file.map(str::to_owned);
        });
        let mut body = ewallet(30_000, "https://pay.example.co.id/notify");
        body["additionalInfo"]["channel"] = json!("EMONEY_SHOPEE_PAY_SNAP");
        rig.call(EWALLET_PAYMENT, &body).code()
    };
    let file = "[EMONEY_SHOPEE_PAY_SNAP]\nmethod = \"ewallet\"\n";
    assert_eq!(added(Some(file)), "2005400");
    assert_eq!(added(None), "4005401");
}

#[test]
fn a_channel_id_is_checked_where_one_comes_and_required_where_one_is_wanted() {
    let coded = |rig: &Rig, channel_id: Option<&str>| {
        let body = qris(15_000, None).to_string().into_bytes();
        let mut headers = rig.headers(QRIS_GENERATE, &body);
        headers.extend(channel_id.map(|id| ("CHANNEL-ID", id.to_owned())));
        rig.send_raw(QRIS_GENERATE, &headers, &body).code()
    };
    let rig = Rig::new();
    assert_eq!(coded(&rig, None), "2004700");
    assert_eq!(coded(&rig, Some("95221")), "2004700");
    for wrong in ["952211", "9 5", "H-H"] {
        assert_eq!(coded(&rig, Some(wrong)), "4004701", "{wrong}");
    }
    let rig = Rig::with(nowhere(), |settings| {
        settings.channel_id = Some("H2H".to_owned());
    });
    assert_eq!(coded(&rig, Some("H2H")), "2004700");
    assert_eq!(coded(&rig, Some("95221")), "4004701");
    assert_eq!(coded(&rig, None), "4004702");
}

#[test]
fn a_payment_link_answers_with_its_code_and_a_mislabelled_expiry() {
    let rig = Rig::new();
    let body = link("https://pay.example.co.id/v1.0/payment-link/notify");
    let reply = rig.call(LINK_CREATE, &body).json(200);
    assert_eq!(reply["responseCode"], "2000100");
    let code = reply["partnerReferenceNo"].as_str().unwrap();
    assert_eq!(code.len(), 11);
    assert_eq!(
        reply["paymentLink"],
        format!("https://payment-new-production.ayolinx.id/{code}")
    );
    let parse = |text: &serde_json::Value| {
        DateTime::parse_from_rfc3339(text.as_str().unwrap())
            .unwrap()
            .timestamp()
    };
    assert_eq!(
        parse(&body["expiryTime"]) - parse(&reply["expiryDate"]),
        7 * 3600
    );
    let held = rig.transaction(code);
    assert_eq!(held["partnerReferenceNo"], body["partnerReferenceNo"]);
    assert_eq!(held["amount"]["value"], "40000.00");
}

#[test]
fn each_body_spelling_accepts_the_signatures_it_should() {
    let plain = ewallet(30_000, "https://pay.example.co.id/notify").to_string();
    for (spelling, accepted) in [
        (BodySpelling::Received, [true, true]),
        (BodySpelling::Php, [true, false]),
        (BodySpelling::Plain, [false, true]),
    ] {
        let rig = Rig::with(nowhere(), |settings| settings.body_spelling = spelling);
        for (body, accepted) in [plain.replace('/', "\\/"), plain.clone()]
            .iter()
            .zip(accepted)
        {
            let body = body.replace("INV-", &format!("INV-{}-", unique()));
            let seen = rig.send_raw(
                EWALLET_PAYMENT,
                &rig.headers(EWALLET_PAYMENT, body.as_bytes()),
                body.as_bytes(),
            );
            let code = if accepted { "2005400" } else { "4015400" };
            assert_eq!(seen.code(), code, "{spelling:?} {body}");
        }
    }
}

#[test]
fn members_no_document_names_are_tolerated_but_shown() {
    let rig = Rig::new();
    let mut body = qris(15_000, None);
    body["validUpto"] = json!("x");
    rig.call(QRIS_GENERATE, &body).json(200);
    let held = rig.transaction(body["partnerReferenceNo"].as_str().unwrap());
    assert_eq!(held["undocumentedFields"], json!(["validUpto"]));
}

/// The value of a top-level EMVCo tag.
fn tag(mut qr: &str, wanted: &str) -> String {
    loop {
        let (id, rest) = qr.split_at(2);
        let (length, rest) = rest.split_at(2);
        let (value, rest) = rest.split_at(length.parse().unwrap());
        if id == wanted {
            return value.to_owned();
        }
        qr = rest;
    }
}
