//! A merchant's API key: its spelling, its recognition in other text, and its digest for storage
//! (contract 3, `API_KEY_PEPPER`). The key itself is shown once and never stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secrets::key_id::KeyId;
use crate::secrets::secret::Secret;

const PREFIX: &str = "gk_";
/// 256 bit in base64url without padding.
const RANDOM_CHARS: usize = 43;
/// Length of the prefix and four more characters: distinguishes keys of one merchant, and leaves
/// 232 bit unknown.
const HINT_CHARS: usize = 7;

/// A new key, between its making and its being shown.
#[derive(Clone)]
pub struct ApiKey(Secret);

impl ApiKey {
    /// Creates a key from 256 random bits, which the caller draws from the operating system.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Secret::new(format!(
            "{PREFIX}{}",
            URL_SAFE_NO_PAD.encode(random)
        )))
    }

    /// Returns the key as `gk_…`: shown to the merchant once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the key's first characters; kept beside its digest.
    #[must_use]
    pub fn hint(&self) -> String {
        self.expose().chars().take(HINT_CHARS).collect()
    }

    /// Returns the digests that are stored instead of the key, one under each pepper of a list.
    #[must_use]
    pub fn peppered(&self, peppers: &[Secret]) -> Vec<Peppered> {
        peppered(peppers, self.expose())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}…)", self.hint())
    }
}

/// A key's digest under one pepper, and the name of that pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peppered {
    /// HMAC-SHA256(pepper, key).
    pub digest: [u8; 32],
    /// The pepper's name.
    pub pepper: KeyId,
}

/// Returns the digests of a key under each of these peppers, in their order.
#[must_use]
pub fn peppered(peppers: &[Secret], key: &str) -> Vec<Peppered> {
    peppers
        .iter()
        .map(|pepper| Peppered {
            digest: api_key_digest(pepper, key),
            pepper: KeyId::of_pepper(pepper),
        })
        .collect()
}

/// Computes HMAC-SHA256(pepper, key), the digest under which a key is stored and found.
#[must_use]
pub fn api_key_digest(pepper: &Secret, key: &str) -> [u8; 32] {
    // HMAC takes keys of every length; the error branch of its constructor cannot be reached.
    Hmac::<Sha256>::new_from_slice(pepper.expose().as_bytes())
        .map(|mac| mac.chain_update(key).finalize().into_bytes().into())
        .unwrap_or_default()
}

/// Returns whether the text is spelt as a key; other text need not be looked up.
#[must_use]
pub fn looks_like_api_key(text: &str) -> bool {
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.len() == RANDOM_CHARS && rest.bytes().all(url_safe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_spelt_with_its_prefix_and_43_url_safe_characters() {
        let key = ApiKey::from_random([0xfb; 32]);
        assert_eq!(
            key.expose(),
            "gk_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s"
        );
        assert_eq!(key.hint(), "gk_-_v7");
        assert!(looks_like_api_key(key.expose()));
        assert_eq!(format!("{key:?}"), "ApiKey(gk_-_v7…)");
    }

    #[test]
    fn other_text_is_not_taken_for_a_key() {
        let key = ApiKey::from_random([7; 32]).expose().to_owned();
        for text in [
            "",
            "gk_",
            &key.replace("gk_", "sk_"),
            &format!("{key}a"),
            &format!(" {key}"),
            &key.replacen("Bw", "B+", 1),
            key.strip_suffix('c').unwrap_or_default(),
        ] {
            assert!(!looks_like_api_key(text), "{text}");
        }
    }

    #[test]
    fn the_digest_is_hmac_sha256_under_the_pepper() {
        // RFC 4231, test case 2.
        let digest = api_key_digest(&Secret::new("Jefe"), "what do ya want for nothing?");
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let key = ApiKey::from_random([1; 32]);
        let peppers = [Secret::new("pepper"), Secret::new("salt")];
        let [pepper, salt] = key.peppered(&peppers).try_into().unwrap();
        assert_eq!(pepper.digest, api_key_digest(&peppers[0], key.expose()));
        assert_eq!(pepper.pepper, KeyId::of_pepper(&peppers[0]));
        assert_ne!(pepper, salt);
    }
}
