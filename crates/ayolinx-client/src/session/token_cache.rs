//! The provider's access token: in memory for every thread of the process, optionally in Redis for every replica.
//! Redis is advisory: slow, dead or poisoned, it costs at most its own small time budget and never fails a request.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::Utc;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::outcome::{NotSentReason, TokenFailure};

mod shared;
mod token;

use shared::{Lock, SharedStore};
pub(crate) use token::Token;

/// Longest time of a refresh ahead of time, while the old token still serves.
const EARLY_REFRESH_BUDGET: Duration = Duration::from_secs(3);
/// Pause after a refresh ahead of time that failed.
const EARLY_REFRESH_PAUSE_MS: i64 = 5_000;
/// Pause after the provider refused a token: it would refuse the next one too, and its patience with us
/// is worth more than a second.
const REFUSAL_PAUSE: Duration = Duration::from_secs(1);
/// Longest wait for another replica's refresh.
const OTHERS_REFRESH_WAIT: Duration = Duration::from_secs(2);

/// The token of one provider account. Clones are the same cache; share one per process.
#[derive(Clone)]
pub struct TokenCache {
    inner: Arc<Inner>,
}

struct Inner {
    memory: RwLock<Option<Token>>,
    flight: Mutex<Option<Refusal>>,
    shared: Option<SharedStore>,
}

/// The refusal that was the last result about a token.
struct Refusal {
    at: Instant,
    reason: NoToken,
}

impl Refusal {
    fn of(reason: &NoToken) -> Option<Self> {
        let NotSentReason::NoToken(failure) = reason else {
            return None;
        };
        match failure {
            TokenFailure::Refused(_) | TokenFailure::Blocked(_) | TokenFailure::Throttled => {
                Some(Self {
                    at: Instant::now(),
                    reason: reason.clone(),
                })
            }
            _ => None,
        }
    }
}

/// The reason why the shared cache cannot be set up. Never shows the URL, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenCacheError {
    /// Not a Redis URL.
    #[error("not a Redis URL")]
    BadUrl,
}

/// The reason why no token could be had.
pub(crate) type NoToken = NotSentReason;

impl TokenCache {
    /// Creates a cache of this process only.
    #[must_use]
    pub fn in_process() -> Self {
        Self::with(None)
    }

    /// Creates a cache that the replicas of one account share. Connects when first used; the token is sealed under
    /// `keyring` and bound to the client id.
    ///
    /// # Errors
    /// [`TokenCacheError::BadUrl`].
    pub fn with_redis(
        redis_url: &Secret,
        keyring: Arc<Keyring>,
        client_id: &str,
    ) -> Result<Self, TokenCacheError> {
        Ok(Self::with(Some(SharedStore::new(
            redis_url, keyring, client_id,
        )?)))
    }

    fn with(shared: Option<SharedStore>) -> Self {
        Self {
            inner: Arc::new(Inner {
                memory: RwLock::new(None),
                flight: Mutex::new(None),
                shared,
            }),
        }
    }

    /// Returns a token other than `refused`: from memory, from the other replicas, or fetched, by one caller at a
    /// time, and not again at once after the provider refused one.
    pub(crate) async fn get(
        &self,
        refused: Option<&Token>,
        deadline: Instant,
        fetch: impl AsyncFn(Instant) -> Result<Token, NoToken>,
    ) -> Result<Token, NoToken> {
        if let Some(token) = self.fresh(refused) {
            return Ok(token);
        }
        let usable = self.usable(refused);
        let Some(mut last_refusal) = self.take_flight(usable.is_some(), deadline).await else {
            return usable.ok_or(NotSentReason::NoToken(TokenFailure::Timeout));
        };
        if let Some(token) = self.fresh(refused) {
            return Ok(token);
        }
        if usable.is_none()
            && let Some(lately) = last_refusal.as_ref()
            && lately.at.elapsed() < REFUSAL_PAUSE
        {
            return Err(lately.reason.clone());
        }
        let deadline = match usable {
            Some(_) => deadline.min(Instant::now() + EARLY_REFRESH_BUDGET),
            None => deadline,
        };
        match self.obtain(refused, deadline, fetch).await {
            Ok(token) => {
                *last_refusal = None;
                self.remember(token.clone());
                Ok(token)
            }
            Err(reason) => {
                *last_refusal = Refusal::of(&reason);
                let usable = usable.ok_or(reason)?;
                self.remember(
                    usable
                        .clone()
                        .refreshed_after(now_ms() + EARLY_REFRESH_PAUSE_MS),
                );
                Ok(usable)
            }
        }
    }

    pub(crate) fn remember(&self, token: Token) {
        let mut memory = self
            .inner
            .memory
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *memory = Some(token);
    }

    /// Remembers a token as [`Self::remember`] does, for the other replicas too.
    pub(crate) async fn publish(&self, token: Token) {
        if let Some(shared) = &self.inner.shared {
            shared.save(&token).await;
        }
        self.remember(token);
    }

    async fn take_flight(
        &self,
        may_skip: bool,
        deadline: Instant,
    ) -> Option<MutexGuard<'_, Option<Refusal>>> {
        if may_skip {
            self.inner.flight.try_lock().ok()
        } else {
            timeout_at(deadline, self.inner.flight.lock()).await.ok()
        }
    }

    async fn obtain(
        &self,
        refused: Option<&Token>,
        deadline: Instant,
        fetch: impl AsyncFn(Instant) -> Result<Token, NoToken>,
    ) -> Result<Token, NoToken> {
        let Some(shared) = &self.inner.shared else {
            return fetch(deadline).await;
        };
        let lock = match wait_for_turn(shared, refused, deadline).await {
            Turn::Found(token) => return Ok(token),
            Turn::Ours(lock) => lock,
        };
        let fetched = fetch(deadline).await;
        if let Ok(token) = &fetched {
            shared.save(token).await;
        }
        shared.unlock(lock).await;
        fetched
    }

    fn fresh(&self, refused: Option<&Token>) -> Option<Token> {
        self.usable(refused)
            .filter(|token| token.is_fresh(now_ms()))
    }

    fn usable(&self, refused: Option<&Token>) -> Option<Token> {
        let memory = self
            .inner
            .memory
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        memory
            .clone()
            .filter(|token| token.is_alive(now_ms()) && !token.is(refused))
    }
}

enum Turn {
    Found(Token),
    Ours(Lock),
}

/// Waits for a token of another replica, or for our turn to fetch: because the lock is ours, because Redis is of no
/// help, or because the holder of the lock takes too long.
async fn wait_for_turn(shared: &SharedStore, refused: Option<&Token>, deadline: Instant) -> Turn {
    let give_up = deadline.min(Instant::now() + OTHERS_REFRESH_WAIT);
    loop {
        let lock = shared.lock().await;
        if let Some(token) = shared.load().await
            && token.is_fresh(now_ms())
            && !token.is(refused)
        {
            shared.unlock(lock).await;
            return Turn::Found(token);
        }
        if lock != Lock::Busy || Instant::now() >= give_up {
            return Turn::Ours(lock);
        }
        tokio::time::sleep(shared::jitter()).await;
    }
}

fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}
