//! The token in Redis: sealed, bound to the client id, with a lock so that one replica fetches at a time.
//! Each command has its own 150 ms; whatever goes wrong reads as "not there".

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::body_sha256_hex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ExistenceCheck, RedisResult, Script, SetExpiry, SetOptions};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Token, TokenCacheError, now_ms};

const COMMAND_BUDGET: Duration = Duration::from_millis(150);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(500);
const LOCK_MS: u64 = 10_000;
/// Pause after a command that failed, so that one token fetch pays the budget once.
const PAUSE: Duration = Duration::from_secs(1);
/// Deletes the lock only when it is still the owner's.
const UNLOCK: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

pub(super) struct SharedStore {
    client: Client,
    connection: OnceLock<ConnectionManager>,
    /// The end of the pause, in time that no clock correction moves.
    paused_until: Mutex<Option<Instant>>,
    keyring: Arc<Keyring>,
    context: Vec<u8>,
    token_key: String,
    lock_key: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lock {
    /// The lock is ours, under this owner's name.
    Held(String),
    /// Another replica holds the lock.
    Busy,
    /// Redis is of no help.
    Unavailable,
}

impl SharedStore {
    pub(super) fn new(
        redis_url: &Secret,
        keyring: Arc<Keyring>,
        client_id: &str,
    ) -> Result<Self, TokenCacheError> {
        let client =
            Client::open(redis_url.expose()).map_err(|_shows_the_url| TokenCacheError::BadUrl)?;
        let account = body_sha256_hex(client_id.as_bytes());
        Ok(Self {
            client,
            connection: OnceLock::new(),
            paused_until: Mutex::default(),
            keyring,
            context: format!("provider access token of {client_id}").into_bytes(),
            token_key: format!("ayolinx:token:{account}"),
            lock_key: format!("ayolinx:token-lock:{account}"),
        })
    }

    pub(super) async fn load(&self) -> Option<Token> {
        let sealed: Option<Vec<u8>> = self
            .run(async |mut connection| {
                redis::cmd("GET")
                    .arg(&self.token_key)
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        let opened = self.keyring.open(&sealed?, &self.context);
        match opened {
            Ok(plain) => Token::from_bytes(&plain),
            Err(_poisoned_or_old_key) => {
                tracing::warn!("the shared access token does not open and is ignored");
                None
            }
        }
    }

    pub(super) async fn save(&self, token: &Token) {
        let life_ms = u64::try_from(token.expires_at_ms().saturating_sub(now_ms()));
        let (Ok(life_ms @ 1..), Some(plain)) = (life_ms, token.to_bytes()) else {
            return;
        };
        let Ok(sealed) = self.keyring.seal(&plain, &self.context, nonce()) else {
            return;
        };
        let options = SetOptions::default().with_expiration(SetExpiry::PX(life_ms));
        let _saved: Option<()> = self
            .run(async |mut connection| {
                redis::cmd("SET")
                    .arg(&self.token_key)
                    .arg(&sealed)
                    .arg(&options)
                    .query_async(&mut connection)
                    .await
            })
            .await;
    }

    pub(super) async fn lock(&self) -> Lock {
        let owner = Uuid::new_v4().simple().to_string();
        let options = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(LOCK_MS));
        let set: Option<Option<String>> = self
            .run(async |mut connection| {
                redis::cmd("SET")
                    .arg(&self.lock_key)
                    .arg(&owner)
                    .arg(&options)
                    .query_async(&mut connection)
                    .await
            })
            .await;
        match set {
            Some(Some(_ok)) => Lock::Held(owner),
            Some(None) => Lock::Busy,
            None => Lock::Unavailable,
        }
    }

    pub(super) async fn unlock(&self, lock: Lock) {
        let Lock::Held(owner) = lock else {
            return;
        };
        let script = Script::new(UNLOCK);
        let _deleted: Option<i64> = self
            .run(async |mut connection| {
                script
                    .key(&self.lock_key)
                    .arg(&owner)
                    .invoke_async(&mut connection)
                    .await
            })
            .await;
    }

    async fn run<T, F>(&self, command: impl FnOnce(ConnectionManager) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        if self.is_paused() {
            return None;
        }
        let connection = self.connection()?;
        match timeout(COMMAND_BUDGET, command(connection)).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => {
                tracing::warn!(kind = ?error.kind(), "Redis refused a command of the token cache");
            }
            Err(_elapsed) => tracing::warn!("Redis did not answer the token cache in time"),
        }
        *self.pause() = Some(Instant::now() + PAUSE);
        None
    }

    fn is_paused(&self) -> bool {
        self.pause().is_some_and(|until| Instant::now() < until)
    }

    fn pause(&self) -> MutexGuard<'_, Option<Instant>> {
        let paused = self.paused_until.lock();
        paused.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the connection. It is made inside a runtime, at first use; it connects by itself,
    /// and again.
    fn connection(&self) -> Option<ConnectionManager> {
        if let Some(connection) = self.connection.get() {
            return Some(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(RECONNECT_DELAY_MAX)
            .set_connection_timeout(Some(COMMAND_BUDGET))
            .set_response_timeout(Some(COMMAND_BUDGET));
        let made = ConnectionManager::new_lazy_with_config(self.client.clone(), config).ok()?;
        Some(self.connection.get_or_init(|| made).clone())
    }
}

/// Returns 50 to 113 ms: replicas that wait do not ask in step.
pub(super) fn jitter() -> Duration {
    let random = Uuid::new_v4().as_u128() % 64;
    Duration::from_millis(50_u64.saturating_add(u64::try_from(random).unwrap_or(0)))
}

/// Creates twelve random bytes: the parts of a random UUID that hold no version and no variant.
fn nonce() -> [u8; 12] {
    let bytes = Uuid::new_v4().into_bytes();
    let random = bytes.iter().take(6).chain(bytes.iter().skip(10));
    let mut nonce = [0; 12];
    for (to, from) in nonce.iter_mut().zip(random) {
        *to = *from;
    }
    nonce
}
