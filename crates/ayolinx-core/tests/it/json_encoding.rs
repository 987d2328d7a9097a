//! Spelling of bodies against the canonicalisation vectors.

use ayolinx_core::json_style::{JsonStyle, minify, php_reencode};
use ayolinx_core::signing::body_sha256_hex;
use serde::Serialize;

use crate::vectors::Vectors;

#[test]
fn raw_minified_and_php_forms_hash_as_in_the_vectors() {
    for vector in Vectors::load().canonicalisation {
        let raw = vector.raw.as_bytes();
        assert_eq!(body_sha256_hex(raw), vector.sha256_raw);
        assert_eq!(minify(raw), vector.minified.as_bytes());
        assert_eq!(body_sha256_hex(&minify(raw)), vector.sha256_minified);
        assert_eq!(
            php_reencode(raw).unwrap(),
            vector.php_json_encode.as_bytes()
        );
        assert_eq!(
            body_sha256_hex(vector.php_json_encode.as_bytes()),
            vector.sha256_php
        );
    }
}

#[test]
fn the_two_styles_of_one_value_part_only_in_spelling() {
    #[derive(Serialize)]
    struct Body {
        u: &'static str,
        n: &'static str,
    }
    let body = Body {
        u: "https://e.id/p",
        n: "Café 😀",
    };
    let plain = JsonStyle::Plain.serialise(&body).unwrap();
    let php = JsonStyle::Php.serialise(&body).unwrap();
    assert_eq!(
        plain,
        "{\"u\":\"https://e.id/p\",\"n\":\"Café 😀\"}".as_bytes()
    );
    assert_eq!(
        php,
        br#"{"u":"https:\/\/e.id\/p","n":"Caf\u00e9 \ud83d\ude00"}"#
    );
    assert_eq!(php_reencode(&plain).unwrap(), php);
}

#[test]
fn every_signed_body_of_the_vectors_is_unchanged_by_minifying() {
    for vector in Vectors::load().api_call {
        assert_eq!(
            minify(vector.body.as_bytes()),
            vector.body.as_bytes(),
            "{}",
            vector.name
        );
    }
}
