//! The client secret as an HMAC-SHA512 key (kinds B and E).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;

use super::{KeyError, decode_signature, encode_signature};
use crate::secrets::secret::Secret;

/// HMAC key of one provider account. A type of its own, so that no RSA key can stand in for it.
#[derive(Clone)]
pub struct ClientSecret {
    key: Hmac<Sha512>,
    text: Secret,
}

impl ClientSecret {
    /// Takes the secret's UTF-8 bytes as the key, as they are (protocol 1, item 2).
    ///
    /// # Errors
    /// [`KeyError::EmptySecret`], or [`KeyError::NotAnHmacSecret`] when a PEM text was given:
    /// a public key used as an HMAC secret would let anybody sign.
    pub fn new(secret: Secret) -> Result<Self, KeyError> {
        if secret.expose().trim().is_empty() {
            return Err(KeyError::EmptySecret);
        }
        if secret.expose().contains("-----BEGIN") {
            return Err(KeyError::NotAnHmacSecret);
        }
        Hmac::new_from_slice(secret.expose().as_bytes())
            .map(|key| Self {
                key,
                text: secret.clone(),
            })
            .map_err(|_too_long| KeyError::NotAnHmacSecret)
    }

    /// Returns the secret as it was given: a signer's misreading of it can be reproduced only from
    /// its text.
    #[must_use]
    pub const fn text(&self) -> &Secret {
        &self.text
    }

    pub(super) fn sign_base64(&self, message: &[u8]) -> String {
        let mac = self.key.clone().chain_update(message).finalize();
        encode_signature(&mac.into_bytes())
    }

    pub(super) fn verify_base64(&self, message: &[u8], signature: &str) -> bool {
        decode_signature(signature).is_some_and(|bytes| {
            self.key
                .clone()
                .chain_update(message)
                .verify_slice(&bytes)
                .is_ok()
        })
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret([redacted])")
    }
}
