//! Sealing at rest: AES-256-GCM under a list of keys, newest first (contract 3, `ENCRYPTION_KEYS`).
//! A sealed value names its key, so that keys rotate without touching what is stored.

use crate::secrets::key_id::{KEY_ID_LEN, KeyId, derive};
use crate::secrets::link_key::LinkKey;
use crate::secrets::secret::Secret;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const FORMAT: u8 = 1;
const HEADER_LEN: usize = 1 + KEY_ID_LEN + NONCE_LEN;

/// The reason why a value cannot be sealed or opened. Says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key was given.
    #[error("no encryption key is configured")]
    NoKey,
    /// The value was sealed under a key that is not in the list.
    #[error("the value was sealed under a key that is not configured")]
    UnknownKey,
    /// Altered, truncated, or bound to something else.
    #[error("the sealed value does not open")]
    Broken,
}

struct SealingKey {
    id: KeyId,
    key: LessSafeKey,
    link: LinkKey,
}

/// The keys that seal and open, and sign checkout links.
pub struct Keyring {
    keys: Vec<SealingKey>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Derives a 256-bit key from each text (domain-separated SHA-256); the first one seals.
    ///
    /// # Errors
    /// [`SealError::NoKey`] when the list is empty.
    pub fn new(secrets: &[Secret]) -> Result<Self, SealError> {
        let mut keys = Vec::with_capacity(secrets.len());
        for secret in secrets {
            let material = derive(b"sealing key", secret);
            let unbound = UnboundKey::new(&AES_256_GCM, &material).map_err(|_| SealError::NoKey)?;
            keys.push(SealingKey {
                id: KeyId::of_encryption_key(secret),
                key: LessSafeKey::new(unbound),
                link: LinkKey::of(secret),
            });
        }
        if keys.is_empty() {
            return Err(SealError::NoKey);
        }
        Ok(Self { keys })
    }

    /// Seals `plaintext`, bound to `context` (what it is and whose). The nonce must be random.
    ///
    /// # Errors
    /// [`SealError::Broken`] when the value is larger than the cipher allows.
    pub fn seal(
        &self,
        plaintext: &[u8],
        context: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let newest = self.keys.first().ok_or(SealError::NoKey)?;
        let mut body = plaintext.to_vec();
        newest
            .key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut body,
            )
            .map_err(|_| SealError::Broken)?;
        let mut sealed = Vec::with_capacity(HEADER_LEN.saturating_add(body.len()));
        sealed.push(FORMAT);
        sealed.extend_from_slice(newest.id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens a value that [`Keyring::seal`] made, under any key of the list.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] or [`SealError::Broken`].
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, rest) = header(sealed).ok_or(SealError::Broken)?;
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Broken)?;
        let mut named = self.keys.iter().filter(|key| key.id == id).peekable();
        if named.peek().is_none() {
            return Err(SealError::UnknownKey);
        }
        // Ids are short: two keys may share one.
        let opened = named.find_map(|key| {
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let plaintext = key.key.open_in_place(nonce, Aad::from(context), &mut body);
            plaintext.map(|plaintext| plaintext.to_vec()).ok()
        });
        opened.ok_or(SealError::Broken)
    }

    /// Returns the keys that sign checkout links, newest first.
    pub(super) fn link_keys(&self) -> impl Iterator<Item = &LinkKey> {
        self.keys.iter().map(|key| &key.link)
    }

    /// Returns the names of the keys, newest first.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(|key| key.id).collect()
    }
}

/// Returns the name of the key that a value was sealed under, read from its first bytes; `None`
/// when it is not a sealed value.
#[must_use]
pub fn sealed_under(sealed: &[u8]) -> Option<KeyId> {
    header(sealed).map(|(id, _rest)| id)
}

fn header(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    let (format, rest) = sealed.split_first()?;
    let (id, rest) = rest.split_first_chunk::<KEY_ID_LEN>()?;
    (*format == FORMAT).then_some((KeyId::from_bytes(*id), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(texts: &[&str]) -> Keyring {
        let secrets: Vec<Secret> = texts
            .iter()
            .map(|text| Secret::new((*text).to_owned()))
            .collect();
        Keyring::new(&secrets).unwrap()
    }

    #[test]
    fn a_value_opens_under_a_rotated_list_and_only_in_its_context() {
        let old = ring(&["old key"]);
        let sealed = old.seal(b"budi", b"payer:1", [7; 12]).unwrap();
        let rotated = ring(&["new key", "old key"]);
        assert_eq!(rotated.open(&sealed, b"payer:1").unwrap(), b"budi");
        assert_eq!(rotated.open(&sealed, b"payer:2"), Err(SealError::Broken));
        assert_eq!(
            ring(&["new key"]).open(&sealed, b"payer:1"),
            Err(SealError::UnknownKey)
        );
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(rotated.open(&altered, b"payer:1"), Err(SealError::Broken));
        assert_eq!(
            rotated.open(&sealed[..10], b"payer:1"),
            Err(SealError::Broken)
        );
        assert!(!sealed.windows(4).any(|window| window == b"budi"));
    }

    #[test]
    fn a_value_names_the_key_it_is_sealed_under() {
        let rotated = ring(&["new key", "old key"]);
        let [new, old] = rotated.ids().try_into().unwrap();
        let sealed = ring(&["old key"]).seal(b"budi", b"payer:1", [7; 12]);
        assert_eq!(sealed_under(&sealed.unwrap()), Some(old));
        let sealed = rotated.seal(b"budi", b"payer:1", [7; 12]).unwrap();
        assert_eq!(sealed_under(&sealed), Some(new));
        assert_eq!(sealed_under(&sealed[..5]), Some(new));
        assert_eq!(sealed_under(&sealed[..4]), None);
        assert_eq!(sealed_under(b"budi santoso"), None);
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert_eq!(Keyring::new(&[]).err(), Some(SealError::NoKey));
    }
}
