//! The way from settings to a ledger, a provider client and flows: the same in every program.

use std::sync::Arc;

use ayolinx_client::{
    AyolinxClient, Breaker, ClientMetrics, SecretPair, TokenCache, TokenCacheError,
};
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::{Keyring, SealError};
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use ledger::{Context, Ledger, LedgerSettings, Plans};
use prometheus::Registry;
use settings::{DatabaseSettings, EncryptionKeys, ProviderSettings, Shared};

use crate::flows::{FlowSettings, Flows, SendNotificationUrl};
use crate::limits::InquiryLimits;
use crate::metrics::FlowMetrics;
use crate::open::names_an_end;

/// Connections of one process; more than the cores can use only queue in the database.
const CONNECTIONS_MAX: u32 = 16;
/// Callers that may wait for one of them.
const WAITING_MAX: usize = 1024;

/// The reason why a program cannot be wired.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The keys of `ENCRYPTION_KEYS` cannot be used.
    #[error("ENCRYPTION_KEYS: {0}")]
    Keys(#[from] SealError),
    /// `REDIS_URL` cannot be used.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] TokenCacheError),
    /// Metrics are registered twice.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Makes the keyring of `ENCRYPTION_KEYS`.
///
/// # Errors
/// [`WiringError::Keys`] when there is none.
pub fn keyring_of(keys: &EncryptionKeys) -> Result<Arc<Keyring>, WiringError> {
    Ok(Arc::new(Keyring::new(keys.all())?))
}

/// Makes the ledger over the settings' database.
#[must_use]
pub fn ledger_of(
    database: &DatabaseSettings,
    shared: &Shared,
    keyring: Arc<Keyring>,
    checkout_origin: &str,
) -> Ledger {
    let settings = LedgerSettings {
        database_url: database.url.expose().to_owned(),
        connections_max: CONNECTIONS_MAX,
        waiting_max: WAITING_MAX,
        deadline: database.deadline,
    };
    let timings = &shared.timings;
    let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    let plan = |method| {
        let plan: Option<&Schedule> = timings.inquiry.of(method);
        plan.unwrap_or(&timings.resolve).clone()
    };
    let context = Context {
        links: Links {
            checkout_origin: checkout_origin.to_owned(),
        },
        keyring,
        plans: Plans {
            lease: delta(timings.lease),
            expiry_grace: delta(timings.expiry_grace),
            resolve: timings.resolve.clone(),
            inquiry: plan(Method::Qris),
            inquiry_slow: plan(Method::VirtualAccount),
        },
        channels: Arc::new(shared.channels.clone()),
    };
    Ledger::new(&settings, context)
}

/// The parts from which a thread makes its own flows; shared by the threads of a process.
#[derive(Clone)]
pub struct FlowParts {
    ledger: Ledger,
    provider: ayolinx_client::ProviderSettings,
    tokens: TokenCache,
    settings: FlowSettings,
    limits: InquiryLimits,
    metrics: FlowMetrics,
}

/// The choices in which the flows of one process differ from another's.
#[derive(Debug, Clone)]
pub struct FlowChoices {
    /// The creates that carry our callback URL.
    pub send_notification_url: SendNotificationUrl,
    /// The origin under which the provider reaches the worker.
    pub callback_origin: String,
    /// The token cache shared by replicas.
    pub redis_url: Option<Secret>,
    /// Calls of the provider that may be under way at once.
    pub provider_calls_max: usize,
}

impl FlowParts {
    /// Makes the parts over a ledger and the settings' provider account.
    ///
    /// # Errors
    /// [`WiringError`].
    pub fn new(
        ledger: Ledger,
        provider: &ProviderSettings,
        shared: &Shared,
        choices: FlowChoices,
        registry: &Registry,
    ) -> Result<Self, WiringError> {
        let metrics = ClientMetrics::new()?;
        metrics.register(registry)?;
        let breaker = Breaker::with_calls(choices.provider_calls_max);
        breaker.register(registry)?;
        for channel in shared.channels.of_method(Method::Qris) {
            metrics.begin_qr_codes(&channel.code);
        }
        let flow_metrics = FlowMetrics::new(registry)?;
        for channel in shared
            .channels
            .iter()
            .filter(|channel| names_an_end(channel.method))
        {
            flow_metrics.begin_channel(&channel.code);
        }
        ledger.register(registry)?;
        let keyring = Arc::clone(&ledger.context().keyring);
        let tokens = match &choices.redis_url {
            Some(url) => TokenCache::with_redis(url, keyring, &provider.client_id)?,
            None => TokenCache::in_process(),
        };
        Ok(Self {
            ledger,
            provider: ayolinx_client::ProviderSettings {
                base_url: provider.base_url.url().clone(),
                client_id: provider.client_id.clone(),
                channel_id: provider.channel_id.clone(),
                client_secret: SecretPair::new(
                    provider.client_secret.clone(),
                    provider.client_secret_previous.clone(),
                ),
                signing_key: provider.signing_key.clone(),
                signing_key_previous: provider.signing_key_previous.clone(),
                json_style: provider.json_style,
                timeout: provider.timeout,
                breaker,
                metrics,
            },
            tokens,
            settings: FlowSettings {
                reply_after: shared.timings.create_reply,
                send_notification_url: choices.send_notification_url,
                callback_origin: choices.callback_origin,
            },
            limits: InquiryLimits::default(),
            metrics: flow_metrics,
        })
    }

    /// Makes a provider client of this thread.
    ///
    /// # Errors
    /// [`WiringError`] when TLS cannot be set up.
    pub fn client(&self) -> Result<AyolinxClient, WiringError> {
        Ok(AyolinxClient::new(
            self.provider.clone(),
            self.tokens.clone(),
        )?)
    }

    /// Makes the flows of this thread.
    ///
    /// # Errors
    /// [`WiringError`] when TLS cannot be set up.
    pub fn flows(&self) -> Result<Flows, WiringError> {
        Ok(Flows::new(
            self.ledger.clone(),
            self.client()?,
            self.settings.clone(),
            self.limits.clone(),
            self.metrics.clone(),
        ))
    }

    /// Returns the ledger.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the counters of flows.
    #[must_use]
    pub const fn metrics(&self) -> &FlowMetrics {
        &self.metrics
    }
}
