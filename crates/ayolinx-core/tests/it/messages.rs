//! The provider's messages as the protocol reference spells them, and as they may come spelt otherwise.

use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::payment_link::PaymentLinkRequest;
use ayolinx_core::messages::token::{TokenRequest, TokenResponse};
use ayolinx_core::messages::virtual_account::{VaCreateRequest, VaCreateResponse};
use ayolinx_core::messages::{
    ChannelInfo, Envelope, MessageError, ProviderStatus, ReceivedAmount, UrlParam, ewallet,
    inquiry::InquiryRequest, parse, qris, retail,
};
use ayolinx_core::money::{Amount, Currency};
use ayolinx_core::provider_time::{JAKARTA, format_jakarta, parse_time};
use ayolinx_core::{json_style::JsonStyle, messages::WireMoney};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::vectors::Vectors;

fn read(minor: i64) -> ReceivedAmount {
    ReceivedAmount::Read(Amount::from_minor(minor, Currency::Idr).unwrap())
}

fn body_of(name: &str) -> Vec<u8> {
    let vectors = Vectors::load();
    let call = vectors.api_call.into_iter().find(|call| call.name == name);
    call.expect("a vector of this name").body.into_bytes()
}

/// Reads the vector's body as `T` and writes it again: byte for byte the same.
#[track_caller]
fn round_trip<T: Serialize + DeserializeOwned>(name: &str, style: JsonStyle) {
    let body = body_of(name);
    let message: T = parse(&body).expect(name);
    let again = style.serialise(&message).unwrap();
    assert_eq!(String::from_utf8(again), String::from_utf8(body), "{name}");
}

#[test]
fn every_request_is_written_as_in_the_vectors() {
    round_trip::<qris::QrisGenerateRequest>("qris_generate_minimal", JsonStyle::Php);
    round_trip::<qris::QrisGenerateRequest>("qris_generate_with_url_php_escaped", JsonStyle::Php);
    round_trip::<qris::QrisGenerateRequest>("qris_generate_with_url_plain_slash", JsonStyle::Plain);
    round_trip::<InquiryRequest>("qris_query", JsonStyle::Php);
    round_trip::<qris::QrisCancelRequest>("qris_cancel", JsonStyle::Php);
    let name = "ewallet_payment_php_escaped_non_ascii";
    round_trip::<ewallet::EwalletPaymentRequest>(name, JsonStyle::Php);
    round_trip::<InquiryRequest>("ewallet_status", JsonStyle::Php);
    round_trip::<InquiryRequest>("va_inquiry", JsonStyle::Php);
    // Only the members of its URL entry stand in another order there.
    let retail: retail::RetailCreateRequest = parse(&body_of("retail_create")).unwrap();
    assert_eq!(retail.url_params.len(), 1);
    round_trip::<InquiryRequest>("retail_query", JsonStyle::Php);
    round_trip::<PaymentLinkRequest>("payment_link_create", JsonStyle::Php);
}

#[test]
fn a_va_request_holds_what_the_vector_holds() {
    for name in ["va_create_bni", "va_create_cimb_space_padded"] {
        let request: VaCreateRequest = parse(&body_of(name)).expect(name);
        assert_eq!(request.virtual_account_trx_type, "C", "{name}");
        assert!(request.total_amount.value.ends_with(".00"), "{name}");
    }
}

#[test]
fn absent_url_params_and_expiry_leave_no_trace() {
    let request = qris::QrisGenerateRequest {
        partner_reference_no: "r".to_owned(),
        amount: WireMoney::from(Amount::rupiah(1).unwrap()),
        valid_up_to: None,
        url_params: Vec::new(),
        additional_info: ChannelInfo {
            channel: "BNC_QRIS".to_owned(),
        },
    };
    let body = JsonStyle::Php.serialise(&request).unwrap();
    let text = r#"{"partnerReferenceNo":"r","amount":{"currency":"IDR","value":"1.00"},"additionalInfo":{"channel":"BNC_QRIS"}}"#;
    assert_eq!(body, text.as_bytes());
    let url = JsonStyle::Php
        .serialise(&UrlParam::pay_return("https://a.id/x"))
        .unwrap();
    assert_eq!(url, br#"{"type":"PAY_RETURN","url":"https:\/\/a.id\/x"}"#);
}

#[test]
fn tokens_are_asked_for_and_given_in_both_spellings() {
    let ours = JsonStyle::Php
        .serialise(&TokenRequest::client_credentials())
        .unwrap();
    assert_eq!(ours, br#"{"grantType":"client_credentials"}"#);
    for theirs in &Vectors::load().snap_callback_token_request {
        let request: TokenRequest = parse(theirs.body.as_bytes()).unwrap();
        assert!(request.is_client_credentials());
    }
    for (expires_in, secs) in [
        (r#""3600""#, Some(3600)),
        ("900", Some(900)),
        ("899.5", Some(899)),
        (r#""""#, None),
        (r#""soon""#, None),
        ("0", None),
        ("-1", None),
        ("null", None),
    ] {
        let body =
            format!(r#"{{"responseCode":2007300,"accessToken":"t","expiresIn":{expires_in}}}"#);
        let response: TokenResponse = parse(body.as_bytes()).unwrap();
        assert_eq!(response.lifetime_secs(), secs, "{expires_in}");
        assert_eq!(response.access_token.as_deref(), Some("t"));
    }
    let issued = JsonStyle::Plain
        .serialise(&TokenResponse::issued("tok", 900))
        .unwrap();
    let text = r#"{"responseCode":"2007300","responseMessage":"Successful","accessToken":"tok","tokenType":"Bearer","expiresIn":"900"}"#;
    assert_eq!(issued, text.as_bytes());
}

#[test]
fn an_envelope_is_read_whatever_else_stands_there() {
    let envelope: Envelope = parse(br#"{"responseCode":4094700,"x":[{}]}"#).unwrap();
    assert_eq!(
        (envelope.code.as_str(), envelope.message),
        ("4094700", None)
    );
    assert_eq!(parse::<Envelope>(b"{}"), Err(MessageError::Malformed));
    assert_eq!(parse::<Envelope>(b"<html>"), Err(MessageError::Malformed));
    let twice = br#"{"responseCode":"2004700","responseCode":"4004700"}"#;
    assert_eq!(parse::<Envelope>(twice), Err(MessageError::Malformed));
}

#[test]
fn create_replies_are_read_from_the_documents_samples() {
    let qris: qris::QrisGenerateResponse = parse(
        br#"{"responseCode":"2004700","responseMessage":"Successful","partnerReferenceNo":"r","qrContent":"000201","expiredDate":1748748630}"#,
    )
    .unwrap();
    assert_eq!(qris.qr_content.as_deref(), Some("000201"));
    assert_eq!(qris.expired_date.as_deref(), Some("1748748630"));
    let va: VaCreateResponse = parse(
        br#"{"responseCode":"2002700","virtualAccountData":{"virtualAccountNo":" 988","trxId":"r","totalAmount":{"value":"11500.00","currency":"IDR"},"additionalInfo":{}}}"#,
    )
    .unwrap();
    let account = va.virtual_account_data;
    assert_eq!(account.virtual_account_no.as_deref(), Some(" 988"));
    assert_eq!(account.total_amount, read(1_150_000));
    let empty: VaCreateResponse = parse(br#"{"virtualAccountData":[]}"#).unwrap();
    assert_eq!(empty.virtual_account_data.virtual_account_no, None);
    let blank: qris::QrisGenerateResponse = parse(br#"{"qrContent":"  "}"#).unwrap();
    assert_eq!(blank.qr_content, None);
}

#[test]
fn a_flat_inquiry_is_read() {
    let answer = InquiryAnswer::parse(
        br#"{"responseCode":"2005100","originalReferenceNo":"c91d","originalPartnerReferenceNo":"r","amount":{"currency":"IDR","value":"15000.00"},"latestTransactionStatus":"00","finishedTime":"2025-06-01T03:15:28+00:00","additionalInfo":{"channel":"BNC_QRIS","feeMoney":{"currency":"IDR","value":105}}}"#,
    )
    .unwrap();
    assert_eq!(answer.status, ProviderStatus::Success);
    assert_eq!(
        (answer.amount, answer.fee_money),
        (read(1_500_000), read(10_500))
    );
    assert_eq!(answer.our_reference.as_deref(), Some("r"));
    assert_eq!(answer.provider_reference.as_deref(), Some("c91d"));
    assert_eq!(
        answer.finished_time,
        parse_time("2025-06-01T10:15:28+07:00")
    );
    assert_eq!(answer.channel.as_deref(), Some("BNC_QRIS"));
}

#[test]
fn aliases_and_empty_strings_of_an_inquiry_are_read() {
    let answer = InquiryAnswer::parse(
        br#"{"responseCode":2005500,"referenceNo":"d","latestTransactionStatus":"03","finishedTime":"","paidTime":"1748747730","transAmount":{"value":"1.00","currency":"IDR"},"amount":null,"additionalInfo":[]}"#,
    )
    .unwrap();
    assert_eq!(answer.status, ProviderStatus::Pending);
    assert_eq!(answer.amount, read(100));
    assert_eq!(answer.finished_time, parse_time("1748747730"));
    assert_eq!((answer.our_reference, answer.channel), (None, None));
}

#[test]
fn a_virtual_account_inquiry_is_read_in_the_snap_shape() {
    for (fields, status, amount) in [
        (
            r#""paymentFlagStatus":"00","paidAmount":{"value":"7.00","currency":"IDR"}"#,
            "00",
            read(700),
        ),
        (
            r#""paymentFlagStatus":"01","paidAmount":{"value":"7.00","currency":"IDR"}"#,
            "03",
            read(900),
        ),
        (
            r#""paidAmount":{"value":"7.00","currency":"IDR"}"#,
            "00",
            read(700),
        ),
        (
            r#""paidAmount":{"value":"0.00","currency":"IDR"}"#,
            "03",
            read(900),
        ),
        (
            r#""paidAmount":{"value":"","currency":"IDR"}"#,
            "03",
            read(900),
        ),
        (
            r#""paymentFlagStatus":"","paidAmount":null"#,
            "03",
            read(900),
        ),
        (
            r#""latestTransactionStatus":"05","paymentFlagStatus":"00""#,
            "05",
            read(900),
        ),
    ] {
        let body = format!(
            r#"{{"responseCode":"2003000","virtualAccountData":{{"trxId":"r","totalAmount":{{"value":"9.00","currency":"IDR"}},{fields}}}}}"#
        );
        let answer = InquiryAnswer::parse(body.as_bytes()).unwrap();
        assert_eq!(answer.status.code(), status, "{fields}");
        assert_eq!(answer.amount, amount, "{fields}");
        assert_eq!(answer.our_reference.as_deref(), Some("r"));
    }
}

#[test]
fn an_inquiry_that_says_nothing_is_an_error() {
    let none = InquiryAnswer::parse(br#"{"responseCode":"2005100"}"#);
    assert_eq!(none, Err(MessageError::NoStatus));
    let twice = br#"{"latestTransactionStatus":"00","latestTransactionStatus":"03"}"#;
    assert_eq!(InquiryAnswer::parse(twice), Err(MessageError::Malformed));
    assert_eq!(InquiryAnswer::parse(b"\xff"), Err(MessageError::Malformed));
}

#[test]
fn timestamps_are_written_as_in_the_vectors() {
    for vector in Vectors::load().timestamp_format {
        let read = parse_time(&vector.text).expect("a time");
        assert_eq!(read.timestamp(), vector.unix);
        if vector.zone == JAKARTA.to_string() {
            assert_eq!(format_jakarta(read), vector.text);
        }
    }
}
