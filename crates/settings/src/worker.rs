//! The settings of `callback-worker`.

use ayolinx_core::secret::Secret;
use service_shell::env::{Env, Problems, Reader};

use crate::{
    api::{SendNotificationUrl, redis_url, send_notification_url},
    database::DatabaseSettings,
    keys::{EncryptionKeys, Place},
    listeners::WorkerListeners,
    origin::Origin,
    provider::{ProviderParts, ProviderPublicKeys, ProviderSettings},
    retention::Retention,
    shared::Shared,
    urls,
    warnings::Warnings,
};

/// All settings of `callback-worker`.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// `DATABASE_URL`, `DB_DEADLINE_MS`.
    pub database: DatabaseSettings,
    /// `REDIS_URL`: token cache shared by replicas; optional.
    pub redis_url: Option<Secret>,
    /// `AYOLINX_…`.
    pub provider: ProviderSettings,
    /// `AYOLINX_PUBLIC_KEY_FILES`: required.
    pub provider_public_keys: ProviderPublicKeys,
    /// `AYOLINX_SNAP_CLIENT_KEYS`: `X-CLIENT-KEY` values accepted when the provider asks us for a
    /// token; default the client id.
    pub snap_client_keys: Vec<String>,
    /// `CALLBACK_BIND`, `WORKER_OPS_BIND`.
    pub listeners: WorkerListeners,
    /// `CALLBACK_PUBLIC_URL`.
    pub callback_public_url: Origin,
    /// `CHECKOUT_PUBLIC_URL`: in the orders that webhooks carry.
    pub checkout_public_url: Origin,
    /// `AYOLINX_SEND_NOTIFICATION_URL`: for lost creates, which the worker sends again.
    pub send_notification_url: SendNotificationUrl,
    /// `ENCRYPTION_KEYS`.
    pub encryption_keys: EncryptionKeys,
    /// `…_RETENTION_MONTHS`.
    pub retention: Retention,
    /// The settings of every program.
    pub shared: Shared,
    /// Warnings, to be logged once logging has started.
    pub warnings: Warnings,
}

impl WorkerSettings {
    /// Reads all settings, or reports every problem.
    ///
    /// # Errors
    /// Every problem, each naming its variable.
    pub fn from_env(env: &Env) -> Result<Self, Problems> {
        let reader = env.reader();
        let settings = Self::read(&reader);
        reader.finish(settings)
    }

    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        let mut warnings = Warnings::default();
        let parts = ProviderParts::read(reader);
        let base_url = parts.base_url.as_ref();
        let database = DatabaseSettings::read_required(reader);
        let redis_url = redis_url(reader);
        let shared = Shared::read(reader, base_url);
        let listeners = WorkerListeners::read(reader);
        let callback_public_url = urls::callback(reader, base_url);
        let checkout_public_url = urls::checkout(reader, base_url);
        let send_notification_url = send_notification_url(reader);
        let place = Place {
            base_url,
            listeners: listeners.all(),
            database_is_local: true,
        };
        let encryption_keys = EncryptionKeys::read(reader, &place, &mut warnings);
        let provider_public_keys = ProviderPublicKeys::read(reader, base_url, &mut warnings);
        provider_public_keys.require(reader);
        let retention = Retention::read(reader);
        let given_client_keys = snap_client_keys(reader);
        let timeout = shared
            .as_ref()
            .map(|shared| shared.timings.provider_timeout);
        let provider = parts.complete(timeout.unwrap_or_default(), reader)?;
        let snap_client_keys = if given_client_keys.is_empty() {
            vec![provider.client_id.clone()]
        } else {
            given_client_keys
        };
        Some(Self {
            database: database?,
            redis_url,
            provider,
            provider_public_keys,
            snap_client_keys,
            listeners,
            callback_public_url: callback_public_url?,
            checkout_public_url: checkout_public_url?,
            send_notification_url,
            encryption_keys: encryption_keys?,
            retention,
            shared: shared?,
            warnings,
        })
    }
}

fn snap_client_keys(reader: &Reader<'_>) -> Vec<String> {
    reader.identifier_list("AYOLINX_SNAP_CLIENT_KEYS")
}
