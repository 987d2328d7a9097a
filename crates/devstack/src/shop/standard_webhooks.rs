//! Checks a webhook as a shop would, from the public Standard Webhooks specification and without
//! any of our code, so that a mistake in our signing cannot hide itself.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The greatest difference between a webhook's time and ours, in seconds.
const TOLERANCE: i64 = 300;

/// The three headers of a webhook, as received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedHeaders<'a> {
    pub(crate) id: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) signature: &'a str,
}

/// Checks that one of the signatures is right for this body and the time is near `now` (seconds
/// since 1970); if not, returns why.
pub(crate) fn verify(
    secret: &str,
    headers: SignedHeaders<'_>,
    body: &[u8],
    now: i64,
) -> Result<(), String> {
    let sent: i64 = headers
        .timestamp
        .parse()
        .map_err(|_| "webhook-timestamp is not a number".to_owned())?;
    if now.abs_diff(sent) > TOLERANCE.unsigned_abs() {
        return Err("webhook-timestamp is too far from now".to_owned());
    }
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD
        .decode(encoded)
        .map_err(|_| "the secret is not base64".to_owned())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(format!("{}.{}.", headers.id, headers.timestamp).as_bytes());
    mac.update(body);
    let matches = |candidate: &str| {
        let given = candidate
            .strip_prefix("v1,")
            .map(|text| STANDARD.decode(text));
        matches!(given, Some(Ok(bytes)) if mac.clone().verify_slice(&bytes).is_ok())
    };
    if headers.signature.split(' ').any(matches) {
        return Ok(());
    }
    Err("no signature is right".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the specification's own documentation.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SENT: i64 = 1_614_265_330;
    const HEADERS: SignedHeaders<'_> = SignedHeaders {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };

    #[test]
    fn the_published_example_verifies() {
        assert_eq!(verify(SECRET, HEADERS, BODY, SENT), Ok(()));
        let several = format!("v1,AAAA v2,x {}", HEADERS.signature);
        let rotating = SignedHeaders {
            signature: &several,
            ..HEADERS
        };
        assert_eq!(verify(SECRET, rotating, BODY, SENT + 300), Ok(()));
    }

    #[test]
    fn anything_altered_does_not() {
        let other_id = SignedHeaders {
            id: "msg_x",
            ..HEADERS
        };
        let none = SignedHeaders {
            signature: "",
            ..HEADERS
        };
        assert!(verify(SECRET, other_id, BODY, SENT).is_err());
        assert!(verify(SECRET, none, BODY, SENT).is_err());
        assert!(verify(SECRET, HEADERS, b"{}", SENT).is_err());
        assert!(verify("whsec_AAAA", HEADERS, BODY, SENT).is_err());
        assert!(verify(SECRET, HEADERS, BODY, SENT + 301).is_err());
        assert!(verify(SECRET, HEADERS, BODY, SENT - 301).is_err());
    }
}
