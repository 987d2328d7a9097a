//! The key that signs checkout links: derived from a key of `ENCRYPTION_KEYS`, held by the keyring beside it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::key_id::derive;
use super::secret::Secret;
use crate::values::ids::OrderId;

/// A key that signs links, derived from one key of the list.
pub(super) struct LinkKey([u8; 32]);

impl LinkKey {
    /// Derives the key for links from `secret`.
    pub(super) fn of(secret: &Secret) -> Self {
        Self(derive(b"checkout link", secret))
    }

    /// Returns the MAC of an order's id, not finished yet.
    pub(super) fn mac(&self, order: OrderId) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of every length; the error branch of its constructor cannot be reached.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        Some(mac.chain_update(order.as_uuid().as_bytes()))
    }

    /// Returns whether `tag` is this key's MAC of the order, in constant time.
    pub(super) fn signed(&self, order: OrderId, tag: &[u8]) -> bool {
        let mac = self.mac(order);
        mac.is_some_and(|mac| mac.verify_slice(tag).is_ok())
    }
}
