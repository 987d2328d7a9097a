//! The keys that a signature may be made with, each with how to call it.

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::RsaVerifyingKey;

/// A key and how to call it.
#[derive(Debug, Clone)]
pub struct Named<K> {
    /// How to call it, in a sentence.
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
    /// Our own public half.
    pub ours: Vec<Named<RsaVerifyingKey>>,
    /// The provider's public keys.
    pub provider: Vec<Named<RsaVerifyingKey>>,
}

/// Enough of the fingerprint to tell keys apart.
const FINGERPRINT_CHARS: usize = 12;

impl Named<RsaVerifyingKey> {
    /// A public key, by whose it is and the beginning of its fingerprint.
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
    /// The keys that callbacks of the provider are checked with.
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
