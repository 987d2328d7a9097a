//! Standard Webhooks signatures: `whsec_` secrets and the `webhook-signature` header.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const KEY_BYTES_MIN: usize = 24;
const KEY_BYTES_MAX: usize = 64;

/// The error of a text that is not a webhook secret.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("a webhook secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct SecretError;

/// The key that signs one endpoint's webhooks. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct WebhookSecret {
    key: Zeroizing<Vec<u8>>,
}

impl WebhookSecret {
    /// Makes a new secret from 32 random bytes, which the caller draws from the operating system.
    #[must_use]
    pub fn generate(random: [u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(random.to_vec()),
        }
    }

    /// Reads the stored form, `whsec_<base64>`.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError)?;
        let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| SecretError)?);
        if !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()) {
            return Err(SecretError);
        }
        Ok(Self { key })
    }

    /// Returns `whsec_<base64>`: shown to the shop once, and sealed before it is stored.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(self.key.as_slice())))
    }

    fn sign(&self, signed: &SignedWebhook<'_>) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(format!("{}.{}.", signed.id, signed.timestamp_secs).as_bytes());
        mac.update(signed.body);
        Some(format!(
            "v1,{}",
            STANDARD.encode(mac.finalize().into_bytes())
        ))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret([redacted])")
    }
}

/// The content that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct SignedWebhook<'a> {
    /// The `webhook-id` header: the event's id, the same at each attempt.
    pub id: &'a str,
    /// The `webhook-timestamp` header: the time of this attempt, in seconds since 1970.
    pub timestamp_secs: i64,
    /// The exact bytes that are sent.
    pub body: &'a [u8],
}

/// Returns the `webhook-signature` header: one `v1,<base64>` per secret, separated by a space.
#[must_use]
pub fn signature_header(secrets: &[WebhookSecret], signed: &SignedWebhook<'_>) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .filter_map(|secret| secret.sign(signed))
        .collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: SignedWebhook<'_> = SignedWebhook {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp_secs: 1_614_265_330,
        body: br#"{"test": 2432232314}"#,
    };

    #[test]
    fn the_published_sample_reproduces() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            signature_header(&[secret], &SIGNED),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn two_secrets_give_two_signatures_while_one_rotates() {
        let new = WebhookSecret::generate([7; 32]);
        let old = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let header = signature_header(&[new, old], &SIGNED);
        let parts: Vec<&str> = header.split(' ').collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(parts[0], parts[1]);
    }

    #[test]
    fn a_secret_survives_its_stored_form_and_is_never_printed() {
        let secret = WebhookSecret::generate([0xA5; 32]);
        let text = secret.reveal();
        assert!(text.starts_with("whsec_"));
        assert_eq!(*WebhookSecret::parse(&text).unwrap().reveal(), *text);
        assert_eq!(format!("{secret:?}"), "WebhookSecret([redacted])");
    }

    #[test]
    fn secrets_of_a_wrong_size_or_form_are_refused() {
        for bytes in [0, 23, 65] {
            let text = format!("whsec_{}", STANDARD.encode(vec![1_u8; bytes]));
            assert!(WebhookSecret::parse(&text).is_err(), "{bytes}");
        }
        for bytes in [24, 64] {
            let text = format!("whsec_{}", STANDARD.encode(vec![1_u8; bytes]));
            assert!(WebhookSecret::parse(&text).is_ok(), "{bytes}");
        }
        for text in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_!!!!",
            "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            assert!(WebhookSecret::parse(text).is_err(), "{text}");
        }
    }
}
