//! Standard Webhooks as a shop would check it, without any of our code.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The greatest difference between a webhook's time and ours, in seconds.
const TOLERANCE: u64 = 300;

/// A webhook as received.
pub(super) struct Signed<'a> {
    pub(super) id: &'a str,
    pub(super) timestamp: &'a str,
    pub(super) signature: &'a str,
    pub(super) body: &'a [u8],
}

/// Returns whether its time is near `now` (seconds since 1970).
pub(super) fn is_fresh(signed: &Signed<'_>, now: i64) -> bool {
    let sent: Option<i64> = signed.timestamp.parse().ok();
    sent.is_some_and(|sent| now.abs_diff(sent) <= TOLERANCE)
}

/// Returns whether one of the signatures is right.
pub(super) fn verify(secret: &str, signed: &Signed<'_>) -> bool {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(encoded).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
        return false;
    };
    mac.update(format!("{}.{}.", signed.id, signed.timestamp).as_bytes());
    mac.update(signed.body);
    signed.signature.split(' ').any(|candidate| {
        let given = candidate.strip_prefix("v1,");
        let given = given.and_then(|text| STANDARD.decode(text).ok());
        given.is_some_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_verifies_and_nothing_altered_does() {
        let example = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            body: br#"{"test": 2432232314}"#,
        };
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert!(verify(secret, &example) && is_fresh(&example, 1_614_265_330));
        assert!(!is_fresh(&example, 1_614_265_631));
        assert!(!verify("whsec_AAAA", &example));
        let altered = Signed {
            body: b"{}",
            ..example
        };
        assert!(!verify(secret, &altered));
    }
}
