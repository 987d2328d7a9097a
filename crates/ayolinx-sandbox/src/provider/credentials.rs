//! The keys that the provider signs and verifies with. They change while the sandbox runs, as they do at
//! the provider when somebody saves another key in the portal.

use std::sync::{PoisonError, RwLock};

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey, RsaVerifyingKey};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::provider::keys;

/// Maximum number of keys of each kind at once.
const KEYS_MAX: usize = 4;

/// The keys as they are now.
pub(crate) struct Credentials(RwLock<Keys>);

#[derive(Clone)]
struct Keys {
    signing: RsaSigningKey,
    merchants: Vec<RsaVerifyingKey>,
    secret: ClientSecret,
    /// Further secrets that verify as well.
    other_secrets: Vec<ClientSecret>,
}

/// The keys that count from now on; an absent one stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyChange {
    /// PEM texts: the merchant's keys that token requests may be signed with.
    merchant_public_keys: Option<Vec<String>>,
    /// API calls may be signed with any of them; the first signs SNAP callbacks.
    client_secrets: Option<Vec<String>>,
    /// `new` makes one; a PEM text is taken as it is.
    provider_private_key: Option<String>,
}

impl Credentials {
    pub(crate) fn new(
        signing: RsaSigningKey,
        merchants: Vec<RsaVerifyingKey>,
        secret: ClientSecret,
    ) -> Self {
        Self(RwLock::new(Keys {
            signing,
            merchants,
            secret,
            other_secrets: Vec::new(),
        }))
    }

    /// Returns the key that signs callbacks and its token requests.
    pub(crate) fn signing(&self) -> RsaSigningKey {
        self.now().signing
    }

    /// Returns the keys that verify the merchant's token requests.
    pub(crate) fn merchants(&self) -> Vec<RsaVerifyingKey> {
        self.now().merchants
    }

    /// Returns the secret that signs SNAP callbacks.
    pub(crate) fn secret(&self) -> ClientSecret {
        self.now().secret
    }

    /// Returns the secrets that verify API calls.
    pub(crate) fn secrets(&self) -> Vec<ClientSecret> {
        let keys = self.now();
        std::iter::once(keys.secret)
            .chain(keys.other_secrets)
            .collect()
    }

    /// Applies all of the change, or nothing; then the error says why not.
    pub(crate) fn change(&self, change: KeyChange) -> Result<(), String> {
        let mut keys = self.now();
        if let Some(pems) = change.merchant_public_keys {
            let read: Result<Vec<_>, _> = pems
                .iter()
                .map(|pem| RsaVerifyingKey::from_pem(pem))
                .collect();
            keys.merchants = some(read.map_err(named("merchant_public_keys"))?)?;
        }
        if let Some(secrets) = change.client_secrets {
            let read: Result<Vec<_>, _> = secrets
                .into_iter()
                .map(|secret| ClientSecret::new(Secret::new(secret)))
                .collect();
            let mut read = some(read.map_err(named("client_secrets"))?)?.into_iter();
            keys.secret = read.next().unwrap_or(keys.secret);
            keys.other_secrets = read.collect();
        }
        if let Some(given) = change.provider_private_key {
            let pem = match given.as_str() {
                "new" => keys::make().map_err(named("provider_private_key"))?,
                _ => Secret::new(given),
            };
            keys.signing = RsaSigningKey::from_pem(&pem).map_err(named("provider_private_key"))?;
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Returns the part that may be shown.
    pub(crate) fn view(&self) -> Value {
        let keys = self.now();
        let merchants = keys.merchants.iter().map(RsaVerifyingKey::fingerprint);
        json!({
            "provider_public_key": keys.signing.public_key_pem(),
            "provider_public_key_sha256": keys.signing.fingerprint(),
            "merchant_public_keys_sha256": merchants.collect::<Vec<_>>(),
            "client_secrets": keys.other_secrets.len().saturating_add(1),
        })
    }

    fn now(&self) -> Keys {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn some<T>(all: Vec<T>) -> Result<Vec<T>, String> {
    if (1..=KEYS_MAX).contains(&all.len()) {
        Ok(all)
    } else {
        Err(format!("a list of keys needs 1 to {KEYS_MAX} entries"))
    }
}

fn named<E: std::fmt::Display>(member: &'static str) -> impl FnOnce(E) -> String {
    move |error| format!("{member}: {error}")
}
