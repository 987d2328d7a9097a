//! The end of a page of a list: opaque to shops, checked when it comes back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ledger::FeedPlace;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::ApiError;

/// Rows on a page of a list by default.
pub const LIMIT_DEFAULT: u16 = 50;
/// The most rows on a page of a list.
pub const LIMIT_MAX: u16 = 200;

const KEY_BYTES: usize = 24;
const CHECK_BYTES: usize = 4;
/// Prefixes that keep other base64 text, and the cursor of another list, from being taken for a
/// cursor.
const ORDERS: &[u8] = b"order-cursor-1";
const EVENTS: &[u8] = b"event-cursor-1";

/// The last row of a page; the next page begins strictly after it.
///
/// It is no secret and no permission: every query is bound to the merchant anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The time at which the row was made, in microseconds.
    pub created_at: DateTime<Utc>,
    /// The row's id, which decides between rows of one moment.
    pub id: Uuid,
}

impl Cursor {
    /// Returns the text a shop sends back.
    #[must_use]
    pub fn encode(self) -> String {
        let micros = self.created_at.timestamp_micros();
        write(ORDERS, micros.to_be_bytes(), self.id)
    }

    /// Reads [`Cursor::encode`]'s text.
    ///
    /// # Errors
    /// 400 `malformed_request` for any other text.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        let cursor = read(ORDERS, text).and_then(|(micros, id)| {
            Some(Self {
                created_at: DateTime::from_timestamp_micros(i64::from_be_bytes(micros))?,
                id,
            })
        });
        cursor.ok_or_else(|| not_ours("cursor"))
    }
}

/// A position in the feed of events, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor(pub FeedPlace);

impl EventCursor {
    /// Returns the text a shop sends back.
    #[must_use]
    pub fn encode(self) -> String {
        write(EVENTS, self.0.transaction.to_be_bytes(), self.0.event)
    }

    /// Reads [`EventCursor::encode`]'s text.
    ///
    /// # Errors
    /// 400 `malformed_request` for any other text.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        let (transaction, event) = read(EVENTS, text).ok_or_else(|| not_ours("after"))?;
        Ok(Self(FeedPlace {
            transaction: u64::from_be_bytes(transaction),
            event,
        }))
    }
}

fn not_ours(parameter: &str) -> ApiError {
    ApiError::malformed_request(format!("query parameter {parameter}: not one of ours"))
}

fn write(list: &[u8], place: [u8; 8], id: Uuid) -> String {
    let mut bytes = Vec::with_capacity(KEY_BYTES.saturating_add(CHECK_BYTES));
    bytes.extend(place);
    bytes.extend(id.as_bytes());
    let check = check(list, &bytes);
    bytes.extend(check);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(list: &[u8], text: &str) -> Option<([u8; 8], Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (key, found) = bytes.split_at_checked(KEY_BYTES)?;
    if check(list, key) != found {
        return None;
    }
    let (place, id) = key.split_first_chunk::<8>()?;
    Some((*place, Uuid::from_slice(id).ok()?))
}

fn check(list: &[u8], key: &[u8]) -> Vec<u8> {
    let digest = Sha256::new()
        .chain_update(list)
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

    #[test]
    fn a_cursor_of_one_list_is_none_of_the_other() {
        let place = FeedPlace {
            transaction: u64::MAX,
            event: Uuid::from_u128(7),
        };
        let text = EventCursor(place).encode();
        assert_eq!(EventCursor::decode(&text).unwrap(), EventCursor(place));
        assert!(Cursor::decode(&text).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_without_a_panic(text in "\\PC{0,60}") {
            prop_assert!(Cursor::decode(&text).is_err());
            prop_assert!(EventCursor::decode(&text).is_err());
        }
    }
}
