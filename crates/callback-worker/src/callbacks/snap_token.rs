//! The client keys that may ask us for a token, and a token that was just made (protocol 8.7).

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::callbacks::verify::TokenDigest;

/// The `X-CLIENT-KEY` values under which the provider may ask (`AYOLINX_SNAP_CLIENT_KEYS`).
#[derive(Debug, Clone)]
pub struct SnapClientKeys {
    digests: Vec<[u8; 32]>,
}

impl SnapClientKeys {
    /// Accepts every one of these keys.
    pub fn new<S: AsRef<str>>(keys: impl IntoIterator<Item = S>) -> Self {
        Self {
            digests: keys.into_iter().map(|key| digest(key.as_ref())).collect(),
        }
    }

    /// Compares in constant time, whatever the key's length.
    pub(super) fn accepts(&self, presented: &str) -> bool {
        let presented = digest(presented);
        let same = |key: &[u8; 32]| key.ct_eq(&presented);
        let found = self
            .digests
            .iter()
            .fold(Choice::from(0), |found, key| found | same(key));
        found.into()
    }
}

/// A token that was just made; its text goes to the provider and nowhere else.
#[derive(Debug, Clone)]
pub struct NewSnapToken {
    /// SHA-256 of the token.
    pub digest: TokenDigest,
    /// The `X-CLIENT-KEY` it was made for.
    pub client_key: String,
    /// Lifetime from now, in seconds.
    pub lifetime_secs: i64,
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
