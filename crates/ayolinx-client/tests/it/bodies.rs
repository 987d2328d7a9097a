//! What goes over the wire for each method, byte for byte, and what is made of the documented replies.

use ayolinx_client::{
    Alarm, CreateOutcome, CreateRequest, Customer, InquiryOutcome, Item, NotSentReason, Outcome,
};
use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::{Channel, ChannelTable, Environment};
use ayolinx_core::messages::{ProviderStatus, paths};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use chrono::DateTime;

use crate::stub::{Stub, coded, ok};

pub(crate) const REFERENCE: &str = "0193aaaabbbbccccddddeeeeffff0000";

pub(crate) fn channel(code: &str) -> Channel {
    ChannelTable::built_in(Environment::NonProduction)
        .get(code)
        .unwrap()
        .clone()
}

pub(crate) fn request(channel: &Channel) -> CreateRequest<'_> {
    CreateRequest {
        our_reference: REFERENCE.to_owned(),
        amount: Amount::rupiah(15_000).unwrap(),
        expires_at: DateTime::from_timestamp(1_748_751_330, 0).unwrap(),
        channel,
        notification_url: Some("https://pay.example/n".to_owned()),
        return_url: Some("https://shop.example/r?a=1".to_owned()),
        description: Some("Kopi é".to_owned()),
        customer: Some(Customer {
            name: "Budi Söntoso".to_owned(),
            email: "budi@example.co.id".to_owned(),
            phone: Some("081234567890".to_owned()),
        }),
        items: Vec::new(),
        customer_digits: Some("00000042".to_owned()),
        link_channels: vec!["BNC_QRIS".to_owned()],
        sub_merchant_id: None,
        external_store_id: None,
    }
}

async fn create(code: &str, reply: &str) -> (String, String, CreateOutcome) {
    let stub = Stub::new(&[ok(reply)]);
    let channel = channel(code);
    let outcome = stub.client().create(&request(&channel)).await;
    let calls = stub.calls();
    assert_eq!(calls.len(), 1);
    (calls[0].path.clone(), calls[0].text(), outcome)
}

#[track_caller]
fn artefact(outcome: CreateOutcome) -> Artefact {
    match outcome {
        Outcome::Accepted(accepted) => accepted.artefact,
        other => panic!("{other:?}"),
    }
}

#[actix_rt::test]
async fn qris() {
    let reply = format!(
        r#"{{"responseCode":"2004700","partnerReferenceNo":"{REFERENCE}","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE","referenceNo":"x9"}}"#
    );
    let (path, body, outcome) = create("BNC_QRIS", &reply).await;
    assert_eq!(path, paths::QRIS_GENERATE);
    let expected = format!(
        r#"{{"partnerReferenceNo":"{REFERENCE}","amount":{{"currency":"IDR","value":"15000.00"}},"validUpTo":"2025-06-01T11:15:30+07:00","urlParams":[{{"type":"NOTIFICATION","url":"https:\/\/pay.example\/n"}}],"additionalInfo":{{"channel":"BNC_QRIS"}}}}"#
    );
    assert_eq!(body, expected);
    let Outcome::Accepted(accepted) = outcome else {
        panic!()
    };
    assert_eq!(
        accepted.artefact,
        Artefact::Qr {
            qr_string: "00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"
                .to_owned()
        }
    );
    assert_eq!(accepted.provider_reference.as_deref(), Some("x9"));
}

#[actix_rt::test]
async fn ewallet() {
    let reply =
        r#"{"responseCode":"2005400","webRedirectUrl":"https://m.sandbox.dana.id/m?a=1&b=2"}"#;
    let (path, body, outcome) = create("EMONEY_DANA_SNAP", reply).await;
    assert_eq!(path, paths::EWALLET_PAYMENT);
    let expected = format!(
        r#"{{"partnerReferenceNo":"{REFERENCE}","validUpTo":"1748751330","amount":{{"currency":"IDR","value":"15000.00"}},"urlParams":[{{"type":"PAY_RETURN","url":"https:\/\/shop.example\/r?a=1"}},{{"type":"NOTIFICATION","url":"https:\/\/pay.example\/n"}}],"additionalInfo":{{"channel":"EMONEY_DANA_SNAP","orderTitle":"Kopi \u00e9"}}}}"#
    );
    assert_eq!(body, expected);
    let url = "https://m.sandbox.dana.id/m?a=1&b=2".to_owned();
    assert_eq!(
        artefact(outcome),
        Artefact::Redirect {
            url,
            link_code: None
        }
    );
}

#[actix_rt::test]
async fn virtual_account() {
    let reply = format!(
        r#"{{"responseCode":"2002700","virtualAccountData":{{"virtualAccountNo":"  9882917200000042","trxId":"{REFERENCE}","totalAmount":{{"value":"15000.00","currency":"IDR"}}}}}}"#
    );
    let (path, body, outcome) = create("VIRTUAL_ACCOUNT_BNI", &reply).await;
    assert_eq!(path, paths::VA_CREATE);
    let expected = format!(
        r#"{{"partnerServiceId":"98829172","customerNo":"9882917200000042","virtualAccountName":"Budi Sontoso","virtualAccountEmail":"budi@example.co.id","virtualAccountPhone":"6281234567890","trxId":"{REFERENCE}","virtualAccountTrxType":"C","totalAmount":{{"currency":"IDR","value":"15000.00"}},"expiredDate":"2025-06-01T11:15:30+07:00","additionalInfo":{{"channel":"VIRTUAL_ACCOUNT_BNI"}}}}"#
    );
    assert_eq!(body, expected);
    assert_eq!(
        artefact(outcome),
        Artefact::VirtualAccount {
            number: "9882917200000042".to_owned(),
            bank: "BNI".to_owned(),
            account_name: "Budi Sontoso".to_owned(),
        }
    );
}

#[actix_rt::test]
async fn retail() {
    let reply = r#"{"responseCode":"00","vaNumber":"021113791978","paymentUrl":"https://passport.duitku.com/x"}"#;
    let (path, body, outcome) = create("RETAIL_ALFAMART", reply).await;
    assert_eq!(path, paths::RETAIL_CREATE);
    let expected = format!(
        r#"{{"partnerReferenceNo":"{REFERENCE}","validUpTo":"2025-06-01T11:15:30+07:00","customerName":"Budi S\u00f6ntoso","customerEmail":"budi@example.co.id","customerPhone":"6281234567890","amount":{{"currency":"IDR","value":"15000.00"}},"urlParams":[{{"type":"PAY_RETURN","url":"https:\/\/shop.example\/r?a=1"}},{{"type":"NOTIFICATION","url":"https:\/\/pay.example\/n"}}],"additionalInfo":{{"channel":"RETAIL_ALFAMART"}}}}"#
    );
    assert_eq!(body, expected);
    assert_eq!(
        artefact(outcome),
        Artefact::PaymentCode {
            code: "021113791978".to_owned(),
            store: "ALFAMART".to_owned(),
            instructions_url: Some("https://passport.duitku.com/x".to_owned()),
        }
    );
}

#[actix_rt::test]
async fn payment_link_whose_reply_holds_the_links_code() {
    let reply = r#"{"responseCode":"2000100","paymentLink":"https://pay.ayolinx.example/4Drz","partnerReferenceNo":"4Drz"}"#;
    let (path, body, outcome) = create("PAYMENT_LINK", reply).await;
    assert_eq!(path, paths::PAYMENT_LINK_CREATE);
    let expected = format!(
        r#"{{"partnerReferenceNo":"{REFERENCE}","customerName":"Budi S\u00f6ntoso","customerEmail":"budi@example.co.id","customerPhoneNumber":"81234567890","customerPhoneNumberCountryCode":"+62","listItem":[{{"name":"Kopi \u00e9","price":"15000","qty":"1"}}],"listPaymentChannel":["BNC_QRIS"],"description":"Kopi \u00e9","expiryTime":"2025-06-01T11:15:30+07:00","urlParams":[{{"type":"NOTIFICATION","url":"https:\/\/pay.example\/n"}}]}}"#
    );
    assert_eq!(body, expected);
    let Outcome::Accepted(accepted) = outcome else {
        panic!()
    };
    assert_eq!(accepted.link_code.as_deref(), Some("4Drz"));
}

#[actix_rt::test]
async fn without_a_notification_url_only_the_ewallet_needs_one() {
    for (code, reply) in [
        (
            "BNC_QRIS",
            r#"{"responseCode":"2004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#,
        ),
        ("RETAIL_ALFAMIDI", r#"{"responseCode":"00","vaNumber":"1"}"#),
        (
            "PAYMENT_LINK",
            r#"{"responseCode":"2000100","paymentLink":"https://a.example/x"}"#,
        ),
    ] {
        let stub = Stub::new(&[ok(reply)]);
        let channel = channel(code);
        let request = CreateRequest {
            notification_url: None,
            ..request(&channel)
        };
        assert!(
            matches!(stub.client().create(&request).await, Outcome::Accepted(_)),
            "{code}"
        );
        assert!(!stub.calls()[0].text().contains("NOTIFICATION"), "{code}");
    }
}

#[actix_rt::test]
async fn what_a_method_needs_is_asked_for_before_anything_is_sent() {
    let (wallet, bank, link) = (
        channel("EMONEY_DANA_SNAP"),
        channel("VIRTUAL_ACCOUNT_BNI"),
        channel("PAYMENT_LINK"),
    );
    let bare = channel("VIRTUAL_ACCOUNT_BCA");
    let price = Amount::rupiah(7_000).unwrap();
    let item = Item {
        name: "Kopi".to_owned(),
        price,
        quantity: 2,
    };
    for (request, missing) in [
        (
            CreateRequest {
                return_url: None,
                ..request(&wallet)
            },
            "return_url",
        ),
        (
            CreateRequest {
                notification_url: None,
                ..request(&wallet)
            },
            "notification_url",
        ),
        (
            CreateRequest {
                customer: None,
                ..request(&bank)
            },
            "customer.name",
        ),
        (
            CreateRequest {
                customer_digits: Some("1".repeat(13)),
                ..request(&bank)
            },
            "customer_digits",
        ),
        (request(&bare), "partner_service_id"),
        (
            CreateRequest {
                items: vec![item],
                ..request(&link)
            },
            "items",
        ),
        (
            CreateRequest {
                link_channels: Vec::new(),
                ..request(&link)
            },
            "link_channels",
        ),
    ] {
        let stub = Stub::new(&[]);
        let outcome = stub.client().create(&request).await;
        let reason = NotSentReason::Incomplete(missing);
        assert_eq!(
            outcome,
            Outcome::NotSent {
                reason,
                alarm: Alarm::Configuration
            }
        );
        assert_eq!(stub.token_requests(), 0);
    }
}

#[actix_rt::test]
async fn inquiries_go_to_the_methods_own_path() {
    for (method, channel, path) in [
        (Method::Qris, "BNC_QRIS", paths::QRIS_QUERY),
        (Method::Ewallet, "EMONEY_DANA_SNAP", paths::EWALLET_STATUS),
        (
            Method::VirtualAccount,
            "VIRTUAL_ACCOUNT_BNI",
            paths::VA_INQUIRY,
        ),
        (Method::Retail, "RETAIL_DANDAN", paths::RETAIL_QUERY),
    ] {
        let reply = format!(
            r#"{{"responseCode":"2005100","originalPartnerReferenceNo":"{REFERENCE}","latestTransactionStatus":"03"}}"#
        );
        let stub = Stub::new(&[ok(&reply)]);
        let outcome = stub.client().inquire(method, channel, REFERENCE).await;
        let Outcome::Accepted(answer) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(answer.status, ProviderStatus::Pending);
        let call = &stub.calls()[0];
        assert_eq!(call.path, path);
        let body = format!(
            r#"{{"originalPartnerReferenceNo":"{REFERENCE}","additionalInfo":{{"channel":"{channel}"}}}}"#
        );
        assert_eq!(call.text(), body);
    }
}

#[actix_rt::test]
async fn an_inquiry_that_finds_nothing_is_an_answer_and_one_about_another_payment_is_none() {
    let stub = Stub::new(&[
        coded(404, "4045101"),
        ok(
            r#"{"responseCode":"2005100","originalPartnerReferenceNo":"other","latestTransactionStatus":"00"}"#,
        ),
        coded(404, "4045108"),
    ]);
    let client = stub.client();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let outcome: InquiryOutcome = client.inquire(Method::Qris, "BNC_QRIS", REFERENCE).await;
        seen.push(outcome.name());
        if let Outcome::Accepted(answer) = outcome {
            assert_eq!(answer.status, ProviderStatus::NotFound);
        }
    }
    assert_eq!(seen, ["accepted", "protocol", "rejected"]);
    let link = client
        .inquire(Method::PaymentLink, "PAYMENT_LINK", REFERENCE)
        .await;
    assert_eq!(link.name(), "not_sent");
}

#[actix_rt::test]
async fn a_qr_is_cancelled_by_our_reference() {
    let stub = Stub::new(&[coded(200, "2007700"), coded(404, "4047701")]);
    let client = stub.client();
    assert_eq!(
        client.cancel_qris(REFERENCE, "BNC_QRIS").await,
        Outcome::Accepted(())
    );
    assert_eq!(
        client.cancel_qris(REFERENCE, "BNC_QRIS").await.name(),
        "rejected"
    );
    assert_eq!(stub.calls()[0].path, paths::QRIS_CANCEL);
}
