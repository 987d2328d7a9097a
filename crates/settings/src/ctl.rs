//! The settings of `gatewayctl`. A malformed variable stops every command; a missing one only those
//! that need it, so that `migrate` runs with a database and nothing else.

use service_shell::env::{Env, Problems, Reader};

use crate::{
    api::redis_url,
    database::DatabaseSettings,
    keys::{EncryptionKeys, Peppers, Place},
    origin::Origin,
    provider::{ProviderParts, ProviderPublicKeys, ProviderSettings},
    retention::Retention,
    shared::Shared,
    urls,
    warnings::Warnings,
};
use ayolinx_core::secret::Secret;

/// All settings of `gatewayctl`.
#[derive(Debug, Clone)]
pub struct CtlSettings {
    database: Result<DatabaseSettings, Problems>,
    provider: Result<ProviderSettings, Problems>,
    peppers: Result<Peppers, Problems>,
    encryption_keys: Result<EncryptionKeys, Problems>,
    checkout_public_url: Result<Origin, Problems>,
    /// `REDIS_URL`: only looked at by `doctor`.
    pub redis_url: Option<Secret>,
    /// `AYOLINX_PUBLIC_KEY_FILES`: may be empty.
    pub provider_public_keys: ProviderPublicKeys,
    /// `…_RETENTION_MONTHS`: for `partitions`.
    pub retention: Retention,
    /// The settings of every program.
    pub shared: Shared,
    /// Warnings, to be shown or logged before the command runs.
    pub warnings: Warnings,
}

impl CtlSettings {
    /// Reads all settings that are set, or reports every malformed one.
    ///
    /// # Errors
    /// Every malformed variable; missing ones are reported by the methods that need them.
    pub fn from_env(env: &Env) -> Result<Self, Problems> {
        let reader = env.reader();
        let settings = Self::read(&reader, env);
        reader.finish(settings)
    }

    pub(crate) fn read(reader: &Reader<'_>, env: &Env) -> Option<Self> {
        let mut warnings = Warnings::default();
        let parts = ProviderParts::read(reader);
        let base_url = parts.base_url.as_ref();
        let database = DatabaseSettings::read(reader);
        let shared = Shared::read(reader, base_url);
        let redis_url = redis_url(reader);
        let provider_public_keys = ProviderPublicKeys::read(reader, base_url, &mut warnings);
        let place = Place {
            base_url,
            listeners: Vec::new(),
            database_is_local: database.as_ref().is_some_and(DatabaseSettings::is_local),
        };
        let timeout = shared
            .as_ref()
            .map(|shared| shared.timings.provider_timeout);
        // Asked once more here, so that what is malformed in the lists stops every command.
        for name in ["API_KEY_PEPPER", "ENCRYPTION_KEYS"] {
            reader.secret_list::<Secret>(name);
        }
        Some(Self {
            database: later(env, |later| {
                DatabaseSettings::require(later);
                database
            }),
            provider: later(env, |later| {
                parts.complete(timeout.unwrap_or_default(), later)
            }),
            peppers: later(env, |later| Peppers::read(later, &place, &mut warnings)),
            encryption_keys: later(env, |later| {
                EncryptionKeys::read(later, &place, &mut warnings)
            }),
            checkout_public_url: checkout_public_url(reader, env, base_url),
            redis_url,
            provider_public_keys,
            retention: Retention::read(reader),
            shared: shared?,
            warnings,
        })
    }

    /// Returns `DATABASE_URL`, `DB_DEADLINE_MS`.
    ///
    /// # Errors
    /// [`Problems`] when `DATABASE_URL` is not set.
    pub fn database(&self) -> Result<&DatabaseSettings, Problems> {
        self.database.as_ref().map_err(Clone::clone)
    }

    /// Returns `AYOLINX_…`.
    ///
    /// # Errors
    /// [`Problems`] naming every variable that is not set.
    pub fn provider(&self) -> Result<&ProviderSettings, Problems> {
        self.provider.as_ref().map_err(Clone::clone)
    }

    /// Returns `API_KEY_PEPPER`.
    ///
    /// # Errors
    /// [`Problems`] when it is not set and development values are refused here.
    pub fn peppers(&self) -> Result<&Peppers, Problems> {
        self.peppers.as_ref().map_err(Clone::clone)
    }

    /// Returns `ENCRYPTION_KEYS`.
    ///
    /// # Errors
    /// [`Problems`] when it is not set and development values are refused here.
    pub fn encryption_keys(&self) -> Result<&EncryptionKeys, Problems> {
        self.encryption_keys.as_ref().map_err(Clone::clone)
    }

    /// Returns `CHECKOUT_PUBLIC_URL`.
    ///
    /// # Errors
    /// [`Problems`] when it is not set with the production base URL.
    pub fn checkout_public_url(&self) -> Result<&Origin, Problems> {
        self.checkout_public_url.as_ref().map_err(Clone::clone)
    }
}

/// Reads a setting whose absence matters only to the commands that need it.
fn later<T>(env: &Env, read: impl FnOnce(&Reader<'_>) -> Option<T>) -> Result<T, Problems> {
    let reader = env.reader();
    let value = read(&reader);
    reader.finish(value)
}

fn checkout_public_url(
    reader: &Reader<'_>,
    env: &Env,
    base_url: Option<&Origin>,
) -> Result<Origin, Problems> {
    if reader.is_set("CHECKOUT_PUBLIC_URL")
        && let Some(given) = urls::checkout(reader, base_url)
    {
        return Ok(given);
    }
    later(env, |later| urls::checkout(later, base_url))
}
