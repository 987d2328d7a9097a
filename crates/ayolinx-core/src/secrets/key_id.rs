//! Short names of secrets: they distinguish one entry of a rotated list from the next in tables,
//! sealed values and messages, and reveal nothing else of it.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::secrets::secret::Secret;

/// Bytes of a [`KeyId`].
pub const KEY_ID_LEN: usize = 4;

/// The name of a secret of one purpose: the first bytes of a digest. Printed as 8 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_LEN]);

impl KeyId {
    /// Returns the name of an entry of `API_KEY_PEPPER`.
    #[must_use]
    pub fn of_pepper(pepper: &Secret) -> Self {
        Self::derived(b"pepper id", pepper)
    }

    /// Returns the name of an entry of `ENCRYPTION_KEYS`.
    #[must_use]
    pub fn of_encryption_key(key: &Secret) -> Self {
        Self::derived(b"sealing key id", key)
    }

    /// Creates a name from bytes that hold one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_ID_LEN]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_ID_LEN] {
        &self.0
    }

    fn derived(purpose: &[u8], secret: &Secret) -> Self {
        let digest = derive(purpose, secret);
        Self(digest.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Computes the SHA-256 of a secret for one purpose: what is derived for one says nothing about
/// another.
pub(super) fn derive(purpose: &[u8], secret: &Secret) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(b"ayolinx gateway: ");
    digest.update(purpose);
    digest.update([0]);
    digest.update(secret.expose().as_bytes());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_another_name_for_each_purpose() {
        let secret = Secret::new("the same text");
        let pepper = KeyId::of_pepper(&secret);
        assert_eq!(pepper, KeyId::of_pepper(&secret));
        assert_ne!(pepper, KeyId::of_encryption_key(&secret));
        assert_ne!(pepper, KeyId::of_pepper(&Secret::new("another")));
        assert_eq!(pepper.to_string().len(), 8);
        assert_eq!(KeyId::from_bytes(*pepper.as_bytes()), pepper);
    }
}
