//! Where a page of a list ended: opaque to shops, checked when it comes back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::ApiError;

const KEY_BYTES: usize = 24;
const CHECK_BYTES: usize = 4;
/// Keeps other bytes in base64 from being taken for a cursor.
const DOMAIN: &[u8] = b"order-cursor-1";

/// The last row of a page; the next page begins strictly after it.
///
/// It is no secret and no permission: every query is bound to the merchant anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the row was made, in microseconds.
    pub created_at: DateTime<Utc>,
    /// The row's id, which decides between rows of one moment.
    pub id: Uuid,
}

impl Cursor {
    /// The text a shop sends back.
    #[must_use]
    pub fn encode(self) -> String {
        let mut bytes = Vec::with_capacity(KEY_BYTES.saturating_add(CHECK_BYTES));
        bytes.extend(self.created_at.timestamp_micros().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        let check = check(&bytes);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads [`Cursor::encode`]'s text.
    ///
    /// # Errors
    /// 400 `malformed_request` for any other text.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        Self::read(text)
            .ok_or_else(|| ApiError::malformed_request("query parameter cursor: not one of ours"))
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (key, found) = bytes.split_at_checked(KEY_BYTES)?;
        if check(key) != found {
            return None;
        }
        let (micros, id) = key.split_first_chunk::<8>()?;
        Some(Self {
            created_at: DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?,
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

fn check(key: &[u8]) -> Vec<u8> {
    let digest = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(key)
        .finalize();
    digest.iter().copied().take(CHECK_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_no_other_text_does() {
        let cursor = Cursor {
            created_at: DateTime::from_timestamp_micros(1_795_000_000_123_456).unwrap(),
            id: Uuid::from_u128(0x0193_4c5e_7a10_7bbb_8ccc_0123_4567_89ab),
        };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text).unwrap(), cursor);
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Cursor::decode(&changed).is_err(), "{changed}");
        }
        for bad in [
            "",
            "A",
            "====",
            &format!("{text}="),
            &format!("{text}A"),
            text.get(1..).unwrap(),
        ] {
            assert!(Cursor::decode(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in "\\PC{0,60}") {
            prop_assert!(Cursor::decode(&text).is_err());
        }
    }
}
