//! Operators' passwords: stored as argon2id hashes in the PHC spelling, 19 MiB and two passes. Slow
//! on purpose; the caller draws the salt and sees to it that few are computed at once.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::secrets::secret::Secret;

/// Fewest characters of a password; shorter ones are refused when they are set.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most bytes of a password; longer ones are refused before anything is computed.
pub const PASSWORD_BYTES_MAX: usize = 1024;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;
/// The salt for the computation where nobody has the name: it takes as long as any other.
const NOBODYS_SALT: [u8; 16] = [0x5a; 16];

/// The reason why a password cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than [`PASSWORD_CHARS_MIN`].
    #[error("a password has {PASSWORD_CHARS_MIN} characters at least")]
    TooShort,
    /// More bytes than [`PASSWORD_BYTES_MAX`].
    #[error("a password has {PASSWORD_BYTES_MAX} bytes at most")]
    TooLong,
    /// There was no memory to compute in.
    #[error("the password could not be hashed")]
    NotReckoned,
}

/// A password as it is stored: `$argon2id$…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Hashes a password with 128 random bits, which the caller draws from the operating system.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn new(password: &Secret, salt: [u8; 16]) -> Result<Self, PasswordError> {
        if password.expose().chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        let hash = reckoned(password, &salt)?;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(Self(format!("{}{salt}${hash}", prefix())))
    }

    /// Returns the stored text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// Returns whether the password is the one that was stored. Without a stored one, and with one in
/// another spelling: no, after as long a time.
#[must_use]
pub fn is_password(password: &Secret, stored: Option<&str>) -> bool {
    let parsed = stored.and_then(parsed);
    let (salt, expected) = parsed.unwrap_or((NOBODYS_SALT.to_vec(), Vec::new()));
    let Ok(hash) = reckoned(password, &salt) else {
        return false;
    };
    bool::from(hash.as_slice().ct_eq(&expected))
}

fn prefix() -> String {
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
}

fn parsed(stored: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, hash) = stored.strip_prefix(&prefix())?.split_once('$')?;
    let hash = STANDARD_NO_PAD.decode(hash).ok()?;
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    (hash.len() == HASH_BYTES).then_some((salt, hash))
}

fn reckoned(password: &Secret, salt: &[u8]) -> Result<[u8; HASH_BYTES], PasswordError> {
    let bytes = password.expose().as_bytes();
    if bytes.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::TooLong);
    }
    let failed = |_why| PasswordError::NotReckoned;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH_BYTES];
    argon2
        .hash_password_into(bytes, salt, &mut hash)
        .map_err(failed)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let stored = PasswordHash::new(&secret("correct horse battery"), [7; 16]).unwrap();
        assert!(
            stored
                .as_str()
                .starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert!(is_password(
            &secret("correct horse battery"),
            Some(stored.as_str())
        ));
        assert!(!is_password(
            &secret("correct horse batterx"),
            Some(stored.as_str())
        ));
        assert!(!is_password(&secret(""), Some(stored.as_str())));
        assert_eq!(format!("{stored:?}"), "PasswordHash([redacted])");
    }

    #[test]
    fn the_same_password_is_stored_otherwise_with_another_salt() {
        let one = PasswordHash::new(&secret("correct horse battery"), [1; 16]).unwrap();
        let two = PasswordHash::new(&secret("correct horse battery"), [2; 16]).unwrap();
        assert_ne!(one, two);
    }

    #[test]
    fn nobody_has_a_password_and_nonsense_is_none() {
        for stored in [
            None,
            Some(""),
            Some("$argon2id$"),
            Some("$argon2i$v=19$m=8,t=1,p=1$AA$AA"),
        ] {
            assert!(
                !is_password(&secret("correct horse battery"), stored),
                "{stored:?}"
            );
        }
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(
            PasswordHash::new(&secret("elevenchars"), [0; 16]),
            Err(PasswordError::TooShort)
        );
        let endless = secret(&"x".repeat(PASSWORD_BYTES_MAX + 1));
        assert_eq!(
            PasswordHash::new(&endless, [0; 16]),
            Err(PasswordError::TooLong)
        );
        assert!(!is_password(&endless, None));
    }
}
