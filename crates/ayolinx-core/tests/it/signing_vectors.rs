//! Every signature kind against the known-answer vectors, and every way a signature must be refused.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, KeyError, RsaSigningKey, RsaVerifyingKey, SignedCallback,
    api_string_to_sign, body_sha256_hex, callback_string_to_sign, sign_api_call, sign_callback,
    sign_snap_callback, sign_token_request, token_string_to_sign, verify_api_call, verify_callback,
    verify_snap_callback, verify_token_request,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::vectors::{CallVector, CallbackVector, Vectors, hmac_key};

const RSA_512: &str = include_str!("../vectors/rsa_512.pem");
const RSA_1024: &str = include_str!("../vectors/rsa_1024.pem");
const RSA_1024_PUBLIC: &str = include_str!("../vectors/rsa_1024_public.pem");
const RSA_2047: &str = include_str!("../vectors/rsa_2047.pem");
const RSA_2047_PUBLIC: &str = include_str!("../vectors/rsa_2047_public.pem");
const MERCHANT_PUBLIC_PKCS1: &str = include_str!("../vectors/merchant_public_pkcs1.pem");

fn call(vector: &CallVector) -> ApiCall<'_> {
    ApiCall {
        path: &vector.path,
        token: &vector.access_token,
        body: vector.body.as_bytes(),
        timestamp: &vector.timestamp,
    }
}

fn callback(vector: &CallbackVector) -> SignedCallback<'_> {
    SignedCallback {
        route: &vector.path,
        body: vector.body.as_bytes(),
        timestamp: &vector.timestamp,
    }
}

#[test]
fn token_requests_are_signed_and_verified_as_in_the_vectors() {
    let vectors = Vectors::load();
    let public = vectors.verifying_key("merchant_public_spki_pem");
    assert_eq!(vectors.access_token_request.len(), 2);
    for vector in &vectors.access_token_request {
        let (id, time) = (&vector.client_id, &vector.timestamp);
        assert_eq!(
            token_string_to_sign(id, time),
            vector.string_to_sign,
            "{}",
            vector.name
        );
        let signature = sign_token_request(&vectors.merchant_key(), id, time);
        assert_eq!(signature, vector.expected_signature, "{}", vector.name);
        assert!(verify_token_request(&public, id, time, &signature));
        assert!(!verify_token_request(&public, "other", time, &signature));
    }
}

#[test]
fn both_encodings_of_a_private_key_sign_alike() {
    let vectors = Vectors::load();
    let pkcs1 = RsaSigningKey::from_published_test_pem(&Secret::new(
        vectors.keys.merchant_private_pkcs1_pem.clone(),
    ))
    .unwrap();
    assert_eq!(
        pkcs1.sign_base64(b"x"),
        vectors.merchant_key().sign_base64(b"x")
    );
    assert_eq!(
        pkcs1.public_key_pem(),
        vectors.keys.merchant_public_spki_pem
    );
}

#[test]
fn api_calls_are_signed_as_in_the_vectors() {
    let vectors = Vectors::load();
    assert_eq!(vectors.api_call.len(), 13);
    for vector in &vectors.api_call {
        check_hmac(vector);
        let secret = hmac_key(&vector.client_secret);
        assert_eq!(
            sign_api_call(&secret, &call(vector)),
            vector.expected_signature
        );
        assert!(verify_api_call(
            &secret,
            &call(vector),
            &vector.expected_signature
        ));
    }
}

#[test]
fn snap_callbacks_are_verified_as_in_the_vectors_and_only_with_sha512() {
    let vectors = Vectors::load();
    assert_eq!(vectors.callback_snap.len(), 3);
    for vector in &vectors.callback_snap {
        check_hmac(vector);
        let secret = vectors.client_secret();
        assert_eq!(
            sign_snap_callback(&secret, &call(vector)),
            vector.expected_signature
        );
        assert!(verify_snap_callback(
            &secret,
            &call(vector),
            &vector.expected_signature
        ));
        let sha256 = vector.alt_signature_hmac_sha256.as_deref().unwrap();
        assert!(!verify_snap_callback(&secret, &call(vector), sha256));
        let unpadded = vector.expected_signature.trim_end_matches('=');
        for wrong in ["", "not-base64!!", "AAAA", unpadded] {
            assert!(
                !verify_snap_callback(&secret, &call(vector), wrong),
                "{wrong}"
            );
        }
        let other_token = ApiCall {
            token: "other",
            ..call(vector)
        };
        assert!(!verify_snap_callback(
            &secret,
            &other_token,
            &vector.expected_signature
        ));
        assert!(!verify_snap_callback(
            &hmac_key("other"),
            &call(vector),
            &vector.expected_signature
        ));
    }
}

#[track_caller]
fn check_hmac(vector: &CallVector) {
    let hash = body_sha256_hex(vector.body.as_bytes());
    assert_eq!(hash, vector.body_sha256_hex, "{}", vector.name);
    assert_eq!(
        api_string_to_sign(&vector.path, &vector.access_token, &hash, &vector.timestamp),
        vector.string_to_sign,
        "{}",
        vector.name
    );
}

#[test]
fn callbacks_are_signed_and_verified_as_in_the_vectors() {
    let vectors = Vectors::load();
    assert_eq!(vectors.callback_non_snap.len(), 9);
    for vector in &vectors.callback_non_snap {
        let hash = body_sha256_hex(vector.body.as_bytes());
        assert_eq!(
            Some(&hash),
            vector.body_sha256_hex.as_ref(),
            "{}",
            vector.name
        );
        let text = callback_string_to_sign(&vector.path, &hash, &vector.timestamp);
        assert_eq!(
            Some(&text),
            vector.string_to_sign.as_ref(),
            "{}",
            vector.name
        );
        let signature = vector.expected_signature.as_deref().unwrap();
        assert_eq!(
            sign_callback(&vectors.provider_key(), &callback(vector)),
            signature
        );
        let key = vectors.verifying_key(&vector.verify_with);
        assert!(
            verify_callback(&key, &callback(vector), signature),
            "{}",
            vector.name
        );
    }
}

#[test]
fn no_negative_vector_verifies() {
    let vectors = Vectors::load();
    assert_eq!(vectors.callback_non_snap_negative.len(), 6);
    for vector in &vectors.callback_non_snap_negative {
        let key = vectors.verifying_key(&vector.verify_with);
        let signature = vector.given_signature.as_deref().unwrap();
        assert!(
            !verify_callback(&key, &callback(vector), signature),
            "{}",
            vector.name
        );
    }
}

#[test]
fn the_providers_own_token_request_is_verified() {
    let vectors = Vectors::load();
    let key = vectors.verifying_key("ayolinx_public_spki_pem");
    for vector in &vectors.snap_callback_token_request {
        let (id, time) = (&vector.client_key, &vector.timestamp);
        assert_eq!(token_string_to_sign(id, time), vector.string_to_sign);
        assert!(verify_token_request(
            &key,
            id,
            time,
            &vector.expected_signature
        ));
    }
}

#[test]
fn the_documents_demo_key_verifies_and_is_known_as_published() {
    let demo = Vectors::load().docs_demo_key;
    let key = RsaVerifyingKey::from_pem(&demo.public_key_spki_pem).unwrap();
    assert!(key.verify_base64(demo.string_to_sign.as_bytes(), &demo.signature_we_computed));
    assert_eq!(key.fingerprint(), demo.spki_sha256_hex);
    assert!(key.is_published());
}

#[test]
fn published_private_keys_are_refused() {
    let keys = Vectors::load().keys;
    for pem in [
        keys.merchant_private_pkcs8_pem,
        keys.merchant_private_pkcs1_pem,
        keys.ayolinx_private_pkcs8_pem,
    ] {
        let refused = RsaSigningKey::from_pem(&Secret::new(pem)).err();
        assert_eq!(refused, Some(KeyError::Published));
    }
}

#[test]
fn weak_and_broken_keys_are_refused() {
    for pem in [RSA_512, RSA_1024, RSA_2047] {
        let refused = RsaSigningKey::from_pem(&Secret::new(pem)).err();
        assert_eq!(refused, Some(KeyError::Unusable));
    }
    for pem in [RSA_1024_PUBLIC, RSA_2047_PUBLIC] {
        assert_eq!(
            RsaVerifyingKey::from_pem(pem).err(),
            Some(KeyError::Unusable)
        );
    }
    for text in [
        "",
        "garbage",
        "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----\n",
    ] {
        assert_eq!(
            RsaVerifyingKey::from_pem(text).err(),
            Some(KeyError::NotPem)
        );
        let refused = RsaSigningKey::from_pem(&Secret::new(text)).err();
        assert_eq!(refused, Some(KeyError::NotPem));
    }
    let public = &Vectors::load().keys.merchant_public_spki_pem;
    let refused = RsaSigningKey::from_pem(&Secret::new(public.as_str())).err();
    assert_eq!(refused, Some(KeyError::NotPem));
}

#[test]
fn a_pkcs1_public_key_is_the_same_key() {
    let vectors = Vectors::load();
    let key = RsaVerifyingKey::from_pem(MERCHANT_PUBLIC_PKCS1).unwrap();
    assert_eq!(key.fingerprint(), vectors.merchant_key().fingerprint());
    assert!(key.verify_base64(b"x", &vectors.merchant_key().sign_base64(b"x")));
}

#[test]
fn a_test_constructor_takes_no_real_key() {
    let pem = a_fresh_key();
    assert!(RsaSigningKey::from_pem(&pem).is_ok());
    let refused = RsaSigningKey::from_published_test_pem(&pem).err();
    assert_eq!(refused, Some(KeyError::NotPublished));
}

fn a_fresh_key() -> Secret {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let base64 = STANDARD.encode(der.as_ref());
    Secret::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n"
    ))
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let public = Vectors::load().keys.ayolinx_public_spki_pem;
    let refused = ClientSecret::new(Secret::new(public)).err();
    assert_eq!(refused, Some(KeyError::NotAnHmacSecret));
    for empty in ["", " \n"] {
        let refused = ClientSecret::new(Secret::new(empty)).err();
        assert_eq!(refused, Some(KeyError::EmptySecret));
    }
}

#[test]
fn keys_and_secrets_print_nothing_of_themselves() {
    let vectors = Vectors::load();
    let shown = format!("{:?} {:?}", vectors.client_secret(), vectors.merchant_key());
    assert!(
        !shown.contains("SKSandbox") && !shown.contains("PRIVATE"),
        "{shown}"
    );
}
