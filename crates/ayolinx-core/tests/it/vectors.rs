//! The known-answer vectors as typed data. All keys in them are throwaway and published.

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey, RsaVerifyingKey};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Vectors {
    pub(crate) keys: Keys,
    pub(crate) common: Common,
    pub(crate) access_token_request: Vec<TokenVector>,
    pub(crate) api_call: Vec<CallVector>,
    pub(crate) callback_non_snap: Vec<CallbackVector>,
    pub(crate) callback_non_snap_negative: Vec<CallbackVector>,
    pub(crate) snap_callback_token_request: Vec<SnapTokenVector>,
    pub(crate) callback_snap: Vec<CallVector>,
    pub(crate) canonicalisation: Vec<Canonicalisation>,
    pub(crate) timestamp_format: Vec<TimestampVector>,
    pub(crate) docs_demo_key: DocsDemoKey,
}

#[derive(Deserialize)]
pub(crate) struct Keys {
    pub(crate) merchant_private_pkcs8_pem: String,
    pub(crate) merchant_private_pkcs1_pem: String,
    pub(crate) merchant_public_spki_pem: String,
    pub(crate) ayolinx_private_pkcs8_pem: String,
    pub(crate) ayolinx_public_spki_pem: String,
    pub(crate) unrelated_public_spki_pem: String,
}

#[derive(Deserialize)]
pub(crate) struct Common {
    pub(crate) client_secret: String,
}

#[derive(Deserialize)]
pub(crate) struct TokenVector {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) timestamp: String,
    pub(crate) string_to_sign: String,
    pub(crate) expected_signature: String,
}

#[derive(Deserialize)]
pub(crate) struct CallVector {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) access_token: String,
    pub(crate) client_secret: String,
    pub(crate) timestamp: String,
    pub(crate) body: String,
    pub(crate) body_sha256_hex: String,
    pub(crate) string_to_sign: String,
    pub(crate) expected_signature: String,
    pub(crate) alt_signature_hmac_sha256: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct CallbackVector {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) timestamp: String,
    pub(crate) body: String,
    pub(crate) verify_with: String,
    pub(crate) body_sha256_hex: Option<String>,
    pub(crate) string_to_sign: Option<String>,
    pub(crate) expected_signature: Option<String>,
    pub(crate) given_signature: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct SnapTokenVector {
    pub(crate) client_key: String,
    pub(crate) timestamp: String,
    pub(crate) string_to_sign: String,
    pub(crate) expected_signature: String,
    pub(crate) body: String,
}

#[derive(Deserialize)]
pub(crate) struct Canonicalisation {
    pub(crate) raw: String,
    pub(crate) sha256_raw: String,
    pub(crate) minified: String,
    pub(crate) sha256_minified: String,
    pub(crate) php_json_encode: String,
    pub(crate) sha256_php: String,
}

#[derive(Deserialize)]
pub(crate) struct TimestampVector {
    pub(crate) unix: i64,
    pub(crate) zone: String,
    pub(crate) text: String,
}

#[derive(Deserialize)]
pub(crate) struct DocsDemoKey {
    pub(crate) public_key_spki_pem: String,
    pub(crate) spki_sha256_hex: String,
    pub(crate) string_to_sign: String,
    pub(crate) signature_we_computed: String,
}

impl Vectors {
    pub(crate) fn load() -> Self {
        serde_json::from_str(include_str!("../vectors/vectors.json")).expect("vectors are sound")
    }

    pub(crate) fn merchant_key(&self) -> RsaSigningKey {
        published(&self.keys.merchant_private_pkcs8_pem)
    }

    pub(crate) fn provider_key(&self) -> RsaSigningKey {
        published(&self.keys.ayolinx_private_pkcs8_pem)
    }

    pub(crate) fn verifying_key(&self, name: &str) -> RsaVerifyingKey {
        let pem = match name {
            "ayolinx_public_spki_pem" => &self.keys.ayolinx_public_spki_pem,
            "merchant_public_spki_pem" => &self.keys.merchant_public_spki_pem,
            "unrelated_public_spki_pem" => &self.keys.unrelated_public_spki_pem,
            other => panic!("the vectors have no key {other}"),
        };
        RsaVerifyingKey::from_pem(pem).expect("a sound public key")
    }

    pub(crate) fn client_secret(&self) -> ClientSecret {
        hmac_key(&self.common.client_secret)
    }
}

pub(crate) fn hmac_key(secret: &str) -> ClientSecret {
    ClientSecret::new(Secret::new(secret)).expect("not empty")
}

fn published(pem: &str) -> RsaSigningKey {
    RsaSigningKey::from_published_test_pem(&Secret::new(pem)).expect("a published key")
}
