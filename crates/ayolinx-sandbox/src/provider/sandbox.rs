//! The state that the handlers and the courier share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use ayolinx_core::signing::{ClientSecret, RsaVerifyingKey};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use crate::StartError;
use crate::protocol::behaviours::Reading;
use crate::protocol::channels::Channels;
use crate::provider::admissions::{ExternalIds, Tokens};
use crate::provider::credentials::Credentials;
use crate::provider::faults::Faults;
use crate::provider::jobs::Job;
use crate::provider::journal::Journal;
use crate::provider::keys;
use crate::provider::settings::SandboxSettings;
use crate::provider::store::Store;

/// The provider: its keys, its state, and its faults.
pub(crate) struct Sandbox {
    /// The settings at the start.
    pub(crate) settings: SandboxSettings,
    /// The channels that can be paid with.
    pub(crate) channels: Channels,
    /// The keys it signs and verifies with; may be changed while it runs.
    pub(crate) credentials: Credentials,
    /// Transactions.
    pub(crate) store: Store,
    /// Tokens it issued.
    pub(crate) tokens: Tokens,
    /// `X-EXTERNAL-ID`s of the day.
    pub(crate) external_ids: ExternalIds,
    /// The rules of the faults.
    pub(crate) faults: Faults,
    journal: Option<Journal>,
    jobs: UnboundedSender<Job>,
    epoch: AtomicU64,
    portal_origin: RwLock<Url>,
}

impl Sandbox {
    /// Makes or reads the keys and opens the journal.
    pub(crate) fn new(
        settings: SandboxSettings,
        jobs: UnboundedSender<Job>,
    ) -> Result<Self, StartError> {
        let signing = keys::load_or_make(&settings.key_dir, "provider")?;
        let merchant_pem = match &settings.merchant_public_key_pem {
            Some(pem) => pem.clone(),
            None => keys::load_or_make(&settings.key_dir, "merchant")?.public_key_pem(),
        };
        let merchants = RsaVerifyingKey::all_from_pem(&merchant_pem).map_err(|error| {
            StartError::setting("SANDBOX_MERCHANT_PUBLIC_KEY_FILE", &error.to_string())
        })?;
        let secret = ClientSecret::new(settings.client_secret.clone())
            .map_err(|error| StartError::setting("SANDBOX_CLIENT_SECRET", &error.to_string()))?;
        let channels = Channels::with_file(settings.channels_toml.as_deref())
            .map_err(|error| StartError::setting("SANDBOX_CHANNELS_FILE", &error))?;
        let journal = settings
            .journal
            .as_deref()
            .map(|path| Journal::open(path).map_err(|error| StartError::file(path, &error)))
            .transpose()?;
        Ok(Self {
            portal_origin: RwLock::new(settings.callback_origin.clone()),
            settings,
            channels,
            credentials: Credentials::new(signing, merchants, secret),
            store: Store::default(),
            tokens: Tokens::default(),
            external_ids: ExternalIds::default(),
            faults: Faults::default(),
            journal,
            jobs,
            epoch: AtomicU64::new(0),
        })
    }

    /// Returns the origin for callbacks without a URL of their own, as saved in the portal.
    pub(crate) fn portal_origin(&self) -> Url {
        let origin = self.portal_origin.read();
        origin.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Saves another one, as an operator does in the provider's portal.
    pub(crate) fn save_in_portal(&self, origin: Url) {
        let mut saved = self
            .portal_origin
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *saved = origin;
    }

    /// Returns whether it behaves in this other way.
    pub(crate) fn reads(&self, reading: Reading) -> bool {
        self.settings.readings.has(reading)
    }

    /// Gives the courier a job.
    pub(crate) fn send(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::warn!("the courier has stopped: a callback is not sent");
        }
    }

    /// Writes one line of the journal, when there is one. `make` runs only then.
    pub(crate) async fn record(&self, make: impl FnOnce() -> Value) {
        if let Some(journal) = &self.journal {
            journal.record(&make()).await;
        }
    }

    /// Scales a wait of the provider's.
    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        wait / self.settings.time_scale.max(1)
    }

    /// Returns the number of resets: work begun in an earlier epoch is given up.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Forgets transactions, external ids and faults. Tokens stay: a running gateway holds one.
    pub(crate) fn reset(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.store.clear();
        self.external_ids.clear();
        self.faults.clear();
    }
}
