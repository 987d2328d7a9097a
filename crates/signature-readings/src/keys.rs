//! The keys that a signature may be made with, each with its name.

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::RsaVerifyingKey;

/// A key and its name.
#[derive(Debug, Clone)]
pub struct Named<K> {
    /// The name, in a sentence.
    pub name: String,
    /// The key.
    pub key: K,
}

/// All keys at hand.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Our client id.
    pub client_id: Option<String>,
    /// The client secrets, the current one first.
    pub secrets: Vec<Named<Secret>>,
    /// Our own public keys.
    pub ours: Vec<Named<RsaVerifyingKey>>,
    /// The provider's public keys.
    pub provider: Vec<Named<RsaVerifyingKey>>,
}

/// Number of digits of the fingerprint that distinguish keys.
const FINGERPRINT_CHARS: usize = 12;

impl Named<RsaVerifyingKey> {
    /// Names a public key by its owner and the beginning of its fingerprint.
    #[must_use]
    pub fn of(key: RsaVerifyingKey, whose: &str) -> Self {
        let start: String = key.fingerprint().chars().take(FINGERPRINT_CHARS).collect();
        Self {
            name: format!("{whose} {start}…"),
            key,
        }
    }
}

impl Keys {
    /// Returns the keys that callbacks of the provider are checked with.
    #[must_use]
    pub fn of_callbacks(provider: Vec<RsaVerifyingKey>, secrets: Vec<Secret>) -> Self {
        let names = ["the client secret", "the previous client secret"];
        let secrets = names.into_iter().zip(secrets);
        Self {
            provider: (provider.into_iter())
                .map(|key| Named::of(key, "the provider's key"))
                .collect(),
            secrets: secrets
                .map(|(name, key)| Named {
                    name: name.to_owned(),
                    key,
                })
                .collect(),
            ..Self::default()
        }
    }
}
