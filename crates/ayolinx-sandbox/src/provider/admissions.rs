//! The tokens that were issued and the `X-EXTERNAL-ID`s of the day. Both bounded, oldest first out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Maximum number of tokens remembered at once.
const TOKENS_MAX: usize = 10_000;
/// Maximum number of external ids remembered at once.
const EXTERNAL_IDS_MAX: usize = 2_000_000;

/// Tokens of the B2B call. A new one does not revoke the others (protocol 4.1).
#[derive(Default)]
pub(crate) struct Tokens {
    inner: Mutex<(HashMap<String, Instant>, VecDeque<String>)>,
}

impl Tokens {
    /// Issues a new token, 256 random bits, or nothing when the system has no randomness.
    pub(crate) fn issue(&self, ttl: Duration) -> Option<String> {
        let mut bytes = [0_u8; 32];
        rand::fill(&mut bytes).ok()?;
        let token = format!("sandbox.{}", URL_SAFE_NO_PAD.encode(bytes));
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (expiries, order) = &mut *inner;
        if order.len() >= TOKENS_MAX
            && let Some(oldest) = order.pop_front()
        {
            expiries.remove(&oldest);
        }
        expiries.insert(token.clone(), Instant::now() + ttl);
        order.push_back(token.clone());
        Some(token)
    }

    /// Returns whether the token was issued and has not expired.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner
            .0
            .get(token)
            .is_some_and(|expiry| Instant::now() < *expiry)
    }

    /// Forgets every token, as after a change of credentials.
    pub(crate) fn revoke_all(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.0.clear();
        inner.1.clear();
    }
}

/// The external ids of one Jakarta day, each as a number with a leading one so that zeros count.
#[derive(Default)]
pub(crate) struct ExternalIds {
    inner: Mutex<(i64, HashSet<u128>, VecDeque<u128>)>,
}

impl ExternalIds {
    /// Records the id; `false` when it was there already on that day.
    pub(crate) fn note(&self, id: &str, day: i64) -> bool {
        let Ok(number) = format!("1{id}").parse() else {
            return true;
        };
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (today, known, order) = &mut *inner;
        if *today != day {
            *today = day;
            known.clear();
            order.clear();
        }
        if !known.insert(number) {
            return false;
        }
        order.push_back(number);
        if order.len() > EXTERNAL_IDS_MAX
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }

    /// Forgets all ids.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.clear();
        inner.2.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_counts_once_a_day_and_leading_zeros_count() {
        let ids = ExternalIds::default();
        assert!(ids.note("7", 1));
        assert!(ids.note("07", 1));
        assert!(!ids.note("7", 1));
        assert!(ids.note("7", 2));
        assert!(ids.note(&"9".repeat(36), 2));
        assert!(!ids.note(&"9".repeat(36), 2));
    }

    #[test]
    fn tokens_expire_and_do_not_revoke_each_other() {
        let tokens = Tokens::default();
        let first = tokens.issue(Duration::from_secs(60)).unwrap();
        let second = tokens.issue(Duration::ZERO).unwrap();
        assert!(tokens.accepts(&first));
        assert!(!tokens.accepts(&second));
        tokens.revoke_all();
        assert!(!tokens.accepts(&first));
    }
}
