//! Who pays, who sells and who calls, as the provider is told: each still names the same, or is left out.

use ayolinx_client::{AyolinxClient, CreateRequest, ProviderSettings, TokenCache};
use ayolinx_core::method::Method;

use crate::bodies::{REFERENCE, channel, request};
use crate::stub::{Stub, ok, settings};

#[actix_rt::test]
async fn an_ewallet_is_told_the_shop_and_a_title_it_can_show() {
    let stub = Stub::new(&[ok(
        r#"{"responseCode":"2005400","webRedirectUrl":"https://m.sandbox.dana.id/m"}"#,
    )]);
    let channel = channel("EMONEY_DANA_SNAP");
    let request = CreateRequest {
        description: Some(format!("{} botol kopi", "susu ".repeat(11).trim_end())),
        sub_merchant_id: Some("216620000000123".to_owned()),
        external_store_id: Some("TOKO-7".to_owned()),
        ..request(&channel)
    };
    let _accepted = stub.client().create(&request).await;
    let info = format!(
        r#""additionalInfo":{{"channel":"EMONEY_DANA_SNAP","orderTitle":"{} botol","subMerchantId":"216620000000123","externalStoreId":"TOKO-7"}}}}"#,
        "susu ".repeat(11).trim_end()
    );
    assert!(
        stub.calls()[0].text().ends_with(&info),
        "{}",
        stub.calls()[0].text()
    );
}

#[actix_rt::test]
async fn the_channel_id_is_sent_with_every_signed_call_where_one_is_set() {
    for channel_id in [None, Some("H2H")] {
        let stub = Stub::new(&[ok(r#"{"responseCode":"2004700","qrContent":"000201"}"#)]);
        let settings = ProviderSettings {
            channel_id: channel_id.map(str::to_owned),
            ..settings(&format!("http://127.0.0.1:{}", stub.port))
        };
        let client = AyolinxClient::new(settings, TokenCache::in_process()).unwrap();
        let qris = channel("BNC_QRIS");
        let _created = client.create(&request(&qris)).await;
        let _asked = client.inquire(Method::Qris, "BNC_QRIS", REFERENCE).await;
        let all = stub.requests();
        assert_eq!(all.len(), 3, "a token, a create, an inquiry");
        for sent in all {
            let header = sent.headers.iter().find(|(name, _)| name == "channel-id");
            assert_eq!(
                header.map(|(_, value)| value.as_str()),
                channel_id,
                "{}",
                sent.path
            );
        }
    }
}

#[actix_rt::test]
async fn a_payer_from_elsewhere_keeps_the_country() {
    for (phone, country, number) in [
        ("+65 9876 5432", "65", "98765432"),
        ("0049 (0)151 12345678", "49", "15112345678"),
        ("(021) 555-1234", "62", "215551234"),
    ] {
        let of = |code: &str| {
            let channel = channel(code);
            let phone = phone.to_owned();
            async move {
                let stub = Stub::new(&[ok(r#"{"responseCode":"2000000"}"#)]);
                let mut request = request(&channel);
                request.customer.as_mut().unwrap().phone = Some(phone);
                let _reply = stub.client().create(&request).await;
                stub.calls()[0].text()
            }
        };
        let link = of("PAYMENT_LINK").await;
        let parts = format!(
            r#""customerPhoneNumber":"{number}","customerPhoneNumberCountryCode":"+{country}""#
        );
        assert!(link.contains(&parts), "{link}");
        let whole = format!(r#"Phone":"{country}{number}""#);
        for code in ["VIRTUAL_ACCOUNT_BRI", "RETAIL_DANDAN"] {
            let body = of(code).await;
            assert!(body.contains(&whole), "{body}");
        }
    }
}

#[actix_rt::test]
async fn what_a_method_can_do_without_is_left_out_where_it_cannot_be_read() {
    for (code, left_out) in [
        (
            "VIRTUAL_ACCOUNT_BRI",
            &["virtualAccountPhone", "virtualAccountEmail"][..],
        ),
        ("RETAIL_DANDAN", &["customerPhone"]),
    ] {
        let stub = Stub::new(&[ok(r#"{"responseCode":"2000000"}"#)]);
        let channel = channel(code);
        let mut request = request(&channel);
        let customer = request.customer.as_mut().unwrap();
        customer.phone = Some("6598765432".to_owned());
        if left_out.contains(&"virtualAccountEmail") {
            customer.email = "bücher@example.com".to_owned();
        }
        let _reply = stub.client().create(&request).await;
        let body = stub.calls()[0].text();
        for name in left_out {
            assert!(!body.contains(name), "{body}");
        }
    }
}
