//! The provider's hand: keys made for the test run, and signed callbacks.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, RsaSigningKey, RsaVerifyingKey, SignedCallback, sign_callback,
    sign_snap_callback, sign_token_request,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};

use crate::http::{Headers, headers};

pub(crate) const QRIS: &str = "/v1.0/qr/qr-mpm-notify";
pub(crate) const DEBIT: &str = "/v1.0/debit/notify";
pub(crate) const VA: &str = "/v1.0/transfer-va/payment";
pub(crate) const LINK: &str = "/v1.0/payment-link/notify";
pub(crate) const TOKEN: &str = "/v1.0/access-token/b2b";
pub(crate) const PATHS: [&str; 4] = [QRIS, DEBIT, VA, LINK];

pub(crate) const CLIENT_KEY: &str = "MERCHANT-CK-0001";
pub(crate) const SECRET: &str = "SKSandbox-test-secret-current";
pub(crate) const SECRET_PREVIOUS: &str = "SKSandbox-test-secret-previous";

/// A flat notification.
pub(crate) const FLAT: &str = r#"{"callbackType":"payment","additionalInfo":{"channel":"BNC_QRIS"},"amount":{"currency":"IDR","value":"15000.00"},"latestTransactionStatus":"00","originalPartnerReferenceNo":"0193a000000070008000000000000001","originalReferenceNo":"c91d75e02d624e93a13d79f5d40af221"}"#;

/// A SNAP virtual account notification (protocol 8.8).
pub(crate) const SNAP_VA: &str = r#"{"partnerServiceId":" 9882917","customerNo":"12345678901234567890","virtualAccountNo":" 988291712345678901234567890","virtualAccountName":"BUDI SANTOSO","trxId":"INV-20250601-000003","paymentRequestId":"VA2025060110152000001","paidAmount":{"value":"11500.00","currency":"IDR"},"virtualAccountTrxType":"C","additionalInfo":{"channel":"VIRTUAL_ACCOUNT_BNI","paymentNtb":"000123456","paymentTimeIso8601":"2025-06-01T10:15:20+07:00"}}"#;

/// Its documented reply, byte for byte.
pub(crate) const SNAP_VA_REPLY: &str = r#"{"responseCode":"2002500","responseMessage":"Success","virtualAccountData":{"partnerServiceId":" 9882917","customerNo":"12345678901234567890","virtualAccountNo":" 988291712345678901234567890","trxId":"INV-20250601-000003","paymentRequestId":"VA2025060110152000001","paidAmount":{"value":"11500.00","currency":"IDR"},"virtualAccountTrxType":"C","additionalInfo":{"channel":"VIRTUAL_ACCOUNT_BNI"}}}"#;

pub(crate) const SUCCESS: &str = r#"{"responseCode":"2005600","responseMessage":"Successful"}"#;
pub(crate) const BAD_SIGNATURE: &str =
    r#"{"responseCode":"4015600","responseMessage":"Unauthorized. Invalid Signature"}"#;
pub(crate) const BAD_SNAP_SIGNATURE: &str =
    r#"{"responseCode":"4012501","responseMessage":"Unauthorized. Invalid Signature"}"#;

/// A key pair of the provider.
pub(crate) struct ProviderKey {
    pub(crate) signing: RsaSigningKey,
    pub(crate) public_pem: String,
}

impl ProviderKey {
    fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let signing = RsaSigningKey::from_pem(&Secret::new(pem)).unwrap();
        let public_pem = signing.public_key_pem();
        Self {
            signing,
            public_pem,
        }
    }

    pub(crate) fn verifying(&self) -> RsaVerifyingKey {
        RsaVerifyingKey::from_pem(&self.public_pem).unwrap()
    }
}

/// The key the provider signs with now.
pub(crate) fn key() -> &'static ProviderKey {
    static KEY: OnceLock<ProviderKey> = OnceLock::new();
    KEY.get_or_init(ProviderKey::generate)
}

/// The key it will sign with next; already registered.
pub(crate) fn next_key() -> &'static ProviderKey {
    static KEY: OnceLock<ProviderKey> = OnceLock::new();
    KEY.get_or_init(ProviderKey::generate)
}

/// A key that is nobody's.
pub(crate) fn foreign_key() -> &'static ProviderKey {
    static KEY: OnceLock<ProviderKey> = OnceLock::new();
    KEY.get_or_init(ProviderKey::generate)
}

pub(crate) fn secret(text: &str) -> ClientSecret {
    ClientSecret::new(Secret::new(text)).unwrap()
}

pub(crate) fn timestamp_at(offset: TimeDelta) -> String {
    format_jakarta(Utc::now() + offset)
}

pub(crate) fn now_text() -> String {
    timestamp_at(TimeDelta::zero())
}

/// Headers of a non-SNAP callback, signed for `route` and `body`.
pub(crate) fn signed(route: &str, body: &[u8]) -> Headers {
    signed_at(route, body, &now_text())
}

pub(crate) fn signed_at(route: &str, body: &[u8], timestamp: &str) -> Headers {
    signed_by(key(), route, body, timestamp)
}

pub(crate) fn signed_by(key: &ProviderKey, route: &str, body: &[u8], timestamp: &str) -> Headers {
    let signature = sign_callback(
        &key.signing,
        &SignedCallback {
            route,
            body,
            timestamp,
        },
    );
    headers(&[("X-TIMESTAMP", timestamp), ("X-SIGNATURE", &signature)])
}

/// Headers of a SNAP callback.
pub(crate) fn snap_signed(secret_text: &str, token: &str, path: &str, body: &[u8]) -> Headers {
    let timestamp = now_text();
    let call = ApiCall {
        path,
        token,
        body,
        timestamp: &timestamp,
    };
    let signature = sign_snap_callback(&secret(secret_text), &call);
    headers(&[
        ("Authorization", &format!("Bearer {token}")),
        ("X-TIMESTAMP", &timestamp),
        ("X-SIGNATURE", &signature),
        ("X-PARTNER-ID", CLIENT_KEY),
        ("X-EXTERNAL-ID", "12345678901"),
        ("CHANNEL-ID", "95221"),
    ])
}

/// Headers of the provider's token request.
pub(crate) fn token_request(key: &ProviderKey, client_key: &str, timestamp: &str) -> Headers {
    let signature = sign_token_request(&key.signing, client_key, timestamp);
    headers(&[
        ("X-CLIENT-KEY", client_key),
        ("X-TIMESTAMP", timestamp),
        ("X-SIGNATURE", &signature),
    ])
}

/// Replaces one header's value.
pub(crate) fn with(mut headers: Headers, name: &str, value: &[u8]) -> Headers {
    headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name));
    headers.push((name.to_owned(), value.to_vec()));
    headers
}

/// Leaves one header out.
pub(crate) fn without(mut headers: Headers, name: &str) -> Headers {
    headers.retain(|(existing, _)| !existing.eq_ignore_ascii_case(name));
    headers
}

/// The value of one header as text.
pub(crate) fn value(headers: &Headers, name: &str) -> String {
    let found = headers
        .iter()
        .find(|(existing, _)| existing.eq_ignore_ascii_case(name));
    String::from_utf8(found.unwrap().1.clone()).unwrap()
}
