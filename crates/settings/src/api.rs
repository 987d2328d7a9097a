//! The settings of `gateway-api`.

use std::num::NonZeroU32;

use ayolinx_core::secret::Secret;
use service_shell::env::{Env, Problems, Reader};

use crate::{
    database::DatabaseSettings,
    keys::{EncryptionKeys, Peppers, Place},
    listeners::ApiListeners,
    provider::{ProviderParts, ProviderSettings},
    shared::Shared,
    urls::PublicUrls,
    warnings::Warnings,
};

const RATE_LIMIT_DEFAULT: u32 = 200;

/// The requests in which the provider is sent our callback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendNotificationUrl {
    /// QRIS, e-wallet, retail and link.
    Always,
    /// E-wallet only, where the provider requires it.
    Required,
}

/// All settings of `gateway-api`.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// `DATABASE_URL`, `DB_DEADLINE_MS`.
    pub database: DatabaseSettings,
    /// `REDIS_URL`: token cache shared by replicas; optional.
    pub redis_url: Option<Secret>,
    /// `AYOLINX_…`.
    pub provider: ProviderSettings,
    /// `AYOLINX_SEND_NOTIFICATION_URL`: `always` (default) or `required`.
    pub send_notification_url: SendNotificationUrl,
    /// `GATEWAY_BIND`, `CHECKOUT_BIND`, `CONSOLE_BIND`, `GATEWAY_OPS_BIND`.
    pub listeners: ApiListeners,
    /// `CALLBACK_PUBLIC_URL`, `CHECKOUT_PUBLIC_URL`.
    pub urls: PublicUrls,
    /// `API_KEY_PEPPER`.
    pub peppers: Peppers,
    /// `ENCRYPTION_KEYS`.
    pub encryption_keys: EncryptionKeys,
    /// `API_RATE_LIMIT`: requests per second per key; default 200, `0` (here `None`) is off.
    pub rate_limit: Option<NonZeroU32>,
    /// The settings of every program.
    pub shared: Shared,
    /// Warnings, to be logged once logging has started.
    pub warnings: Warnings,
}

impl ApiSettings {
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
        let listeners = ApiListeners::read(reader);
        let urls = PublicUrls::read(reader, base_url);
        let place = Place {
            base_url,
            listeners: listeners.all(),
            database_is_local: true,
        };
        let peppers = Peppers::read(reader, &place, &mut warnings);
        let encryption_keys = EncryptionKeys::read(reader, &place, &mut warnings);
        let rate = "a whole number of requests per second (0 is off)";
        let rate_limit = reader.parsed_or("API_RATE_LIMIT", rate, RATE_LIMIT_DEFAULT);
        let send_notification_url = send_notification_url(reader);
        let timeout = shared
            .as_ref()
            .map(|shared| shared.timings.provider_timeout);
        let provider = parts.complete(timeout.unwrap_or_default(), reader);
        Some(Self {
            database: database?,
            redis_url,
            provider: provider?,
            send_notification_url,
            listeners,
            urls: urls?,
            peppers: peppers?,
            encryption_keys: encryption_keys?,
            rate_limit: NonZeroU32::new(rate_limit),
            shared: shared?,
            warnings,
        })
    }
}

/// Reads `REDIS_URL`, of a form that can be connected to.
pub(crate) fn redis_url(reader: &Reader<'_>) -> Option<Secret> {
    let url: Secret = reader.secret("REDIS_URL")?;
    let schemes = ["redis://", "rediss://", "redis+unix://", "unix://"];
    if !schemes
        .iter()
        .any(|scheme| url.expose().starts_with(scheme))
    {
        reader.problem("REDIS_URL", "expected a redis:// or rediss:// address");
    }
    Some(url)
}

pub(crate) fn send_notification_url(reader: &Reader<'_>) -> SendNotificationUrl {
    let name = "AYOLINX_SEND_NOTIFICATION_URL";
    let given = reader.parsed_with(name, "always or required", |text| match text {
        "always" => Some(SendNotificationUrl::Always),
        "required" => Some(SendNotificationUrl::Required),
        _ => None,
    });
    given.unwrap_or(SendNotificationUrl::Always)
}
