//! One access token with its life.

use ayolinx_core::secret::Secret;
use serde::{Deserialize, Serialize};

/// Life of a token whose reply does not name it.
const ASSUMED_LIFE_SECS: u32 = 300;
/// Below this life the refresh margin is a fifth of the life.
const SHORT_LIFE_SECS: i64 = 120;

#[derive(Debug, Clone)]
pub(crate) struct Token {
    value: Secret,
    refresh_at_ms: i64,
    expires_at_ms: i64,
}

/// The content that is sealed into Redis.
#[derive(Serialize, Deserialize)]
struct Stored {
    token: String,
    refresh_at_ms: i64,
    expires_at_ms: i64,
}

impl Token {
    /// Creates a token; `None` when the text cannot stand in a header.
    pub(crate) fn issued(value: String, life_secs: Option<u32>, asked_at_ms: i64) -> Option<Self> {
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let life = i64::from(life_secs.unwrap_or(ASSUMED_LIFE_SECS));
        Some(Self {
            value: Secret::new(value),
            refresh_at_ms: asked_at_ms.saturating_add(serves_secs(life).saturating_mul(1000)),
            expires_at_ms: asked_at_ms.saturating_add(life.saturating_mul(1000)),
        })
    }

    pub(crate) fn expose(&self) -> &str {
        self.value.expose()
    }

    pub(crate) fn is(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| other.expose() == self.expose())
    }

    pub(crate) const fn is_fresh(&self, now_ms: i64) -> bool {
        now_ms < self.refresh_at_ms
    }

    pub(crate) const fn is_alive(&self, now_ms: i64) -> bool {
        now_ms < self.expires_at_ms
    }

    pub(crate) fn refreshed_after(mut self, at_ms: i64) -> Self {
        self.refresh_at_ms = at_ms.min(self.expires_at_ms);
        self
    }

    pub(crate) const fn expires_at_ms(&self) -> i64 {
        self.expires_at_ms
    }

    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let stored = Stored {
            token: self.expose().to_owned(),
            refresh_at_ms: self.refresh_at_ms,
            expires_at_ms: self.expires_at_ms,
        };
        serde_json::to_vec(&stored).ok()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        Some(Self {
            value: Secret::new(stored.token),
            refresh_at_ms: stored.refresh_at_ms,
            expires_at_ms: stored.expires_at_ms,
        })
    }
}

/// Returns the time for which a token is used: its life less max(60 s, a tenth), four fifths of a
/// short one.
fn serves_secs(life_secs: i64) -> i64 {
    if life_secs < SHORT_LIFE_SECS {
        life_secs * 4 / 5
    } else {
        life_secs - (life_secs / 10).max(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refreshed_well_before_it_ends() {
        for (life, serves) in [
            (3600, 3240),
            (900, 810),
            (600, 540),
            (120, 60),
            (100, 80),
            (1, 0),
        ] {
            assert_eq!(serves_secs(life), serves, "{life}");
        }
        let token = Token::issued("t".to_owned(), None, 0).unwrap();
        assert!(token.is_fresh(239_999) && !token.is_fresh(240_000));
        assert!(token.is_alive(299_999) && !token.is_alive(300_000));
    }

    #[test]
    fn what_cannot_stand_in_a_header_is_no_token() {
        for text in ["", "a b", "a\r\nx: y", "tök"] {
            assert!(Token::issued(text.to_owned(), None, 0).is_none(), "{text}");
        }
    }

    #[test]
    fn a_stored_token_is_the_same_token() {
        let token = Token::issued("t".to_owned(), Some(60), 5).unwrap();
        let again = Token::from_bytes(&token.to_bytes().unwrap()).unwrap();
        assert!(again.is(Some(&token)) && again.is_fresh(48_004) && !again.is_fresh(48_005));
        assert!(Token::from_bytes(b"garbage").is_none());
    }
}
