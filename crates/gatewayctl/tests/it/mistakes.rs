//! What integrators lose days on: each mistake, made with the signer's own means, is named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};

use crate::bench::{Bench, run, text};

fn hash(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signature(key: &[u8], message: &str) -> String {
    let mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
    STANDARD.encode(mac.chain_update(message).finalize().into_bytes())
}

#[test]
fn ten_mistakes_are_named() {
    let bench = Bench::new();
    let vector = bench.named("callback_snap", "va_payment");
    let body = r#"{"url":"https://a.example/x"}"#;
    let mut right = bench.snap(vector, body);
    right[5] = format!("https://pay.example.co.id{}", text(vector, "path"));
    let secret = text(&bench.vectors["common"], "client_secret");
    let (path, token) = (text(vector, "path"), text(vector, "access_token"));
    let (sum, time) = (hash(body), text(vector, "timestamp"));
    let php = hash(r#"{"url":"https:\/\/a.example\/x"}"#);
    let newline = hash(&format!("{body}\n"));
    let whole = format!("https://pay.example.co.id{path}");
    let mistakes = [
        (format!("POST:{path}:{token}:{php}:{time}"), "json_encode"),
        (
            format!("POST:/v1.0/debit/notify:{token}:{sum}:{time}"),
            "/v1.0/debit/notify",
        ),
        (
            format!("POST:{path}:{token}:{sum}:2025-06-01T03:15:30+00:00"),
            "the timestamp was signed as",
        ),
        (
            format!("POST:{path}:{token}:{newline}:{time}"),
            "newline at its end",
        ),
        (
            format!("{path}:{token}:{sum}:{time}"),
            "the method was left out",
        ),
        (format!("GET:{path}:{token}:{sum}:{time}"), "GET was signed"),
        (
            format!("POST:{whole}:{token}:{sum}:{time}"),
            "the whole URL",
        ),
        (
            format!("POST:{path}:{token}:{body}:{time}"),
            "the body itself was signed",
        ),
        (
            format!("POST:{path}:{token}:{}:{time}", sum.to_uppercase()),
            "upper case",
        ),
        (
            format!("POST:{path}:{token}:{sum}:{time}\n"),
            "at the end of the string",
        ),
    ];
    for (string, said) in &mistakes {
        let given = signature(secret.as_bytes(), string);
        let ran = run("verify", &right, &["--signature", &given]).failed(1);
        assert!(ran.stdout.contains(said), "{said}: {ran:?}");
        assert!(ran.stdout.contains("INVALID, and this is why"), "{ran:?}");
    }
    let string = format!("POST:{path}:{token}:{sum}:{time}");
    let given = signature(format!("{secret}\n").as_bytes(), &string);
    let ran = run("verify", &right, &["--signature", &given]).failed(1);
    assert!(
        ran.stdout.contains("the newline at the end of its file"),
        "{ran:?}"
    );
    let right_one = signature(secret.as_bytes(), &string);
    run("verify", &right, &["--signature", &right_one]).ok();
}

#[test]
fn a_secret_that_was_decoded_is_named() {
    let bench = Bench::new();
    let vector = bench.named("callback_snap", "va_payment");
    let mut right = bench.snap(vector, "{}");
    let string = format!(
        "POST:{}:{}:{}:{}",
        text(vector, "path"),
        text(vector, "access_token"),
        hash("{}"),
        text(vector, "timestamp")
    );
    for (secret, key, said) in [
        (
            "c2VjcmV0LWtleQ==",
            b"secret-key".to_vec(),
            "decoded from base64",
        ),
        ("736563", b"sec".to_vec(), "decoded from hex"),
    ] {
        right[3] = bench.file("secret", secret);
        let given = signature(&key, &string);
        let ran = run("verify", &right, &["--signature", &given]).failed(1);
        assert!(ran.stdout.contains(said), "{said}: {ran:?}");
        assert!(!ran.stdout.contains(secret), "{ran:?}");
    }
}
