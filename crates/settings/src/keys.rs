//! Our own secrets: the peppers of API keys and the keys that seal stored secrets. Outside
//! production and reachable from this machine only, fixed development values stand in for them.

use std::net::SocketAddr;

use ayolinx_core::{sealing::Keyring, secret::Secret};
use service_shell::env::Reader;

use crate::{listeners, origin::Origin, warnings::Warnings};

const PEPPER_VARIABLE: &str = "API_KEY_PEPPER";
const ENCRYPTION_VARIABLE: &str = "ENCRYPTION_KEYS";
const DEVELOPMENT_PEPPER: &str = "development pepper, known to everybody";
const DEVELOPMENT_ENCRYPTION_KEY: &str = "development encryption key, known to everybody";
/// The least length of a secret in production, where shorter ones could be guessed.
const PRODUCTION_LENGTH_MIN: usize = 32;

/// The most entries of each list.
const ENTRIES_MAX: usize = 16;

/// `API_KEY_PEPPER`: comma-separated, newest first.
#[derive(Debug, Clone)]
pub struct Peppers(Vec<Secret>);

/// `ENCRYPTION_KEYS`: comma-separated, newest first.
#[derive(Debug, Clone)]
pub struct EncryptionKeys(Vec<Secret>);

impl Peppers {
    /// Returns all, newest first; at least one.
    pub fn all(&self) -> &[Secret] {
        &self.0
    }

    pub(crate) fn read(
        reader: &Reader<'_>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        listed(reader, place, warnings, &PEPPERS).map(Self)
    }
}

impl EncryptionKeys {
    /// Returns all, newest first; at least one.
    pub fn all(&self) -> &[Secret] {
        &self.0
    }

    pub(crate) fn read(
        reader: &Reader<'_>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        let keys = listed(reader, place, warnings, &ENCRYPTION)?;
        if Keyring::new(&keys).is_err() {
            reader.problem(ENCRYPTION_VARIABLE, "cannot be used as keys");
        }
        Some(Self(keys))
    }
}

struct Listed {
    variable: &'static str,
    development: &'static str,
}

const PEPPERS: Listed = Listed {
    variable: PEPPER_VARIABLE,
    development: DEVELOPMENT_PEPPER,
};

const ENCRYPTION: Listed = Listed {
    variable: ENCRYPTION_VARIABLE,
    development: DEVELOPMENT_ENCRYPTION_KEY,
};

/// The facts that decide whether development values are harmless here.
pub(crate) struct Place<'a> {
    pub(crate) base_url: Option<&'a Origin>,
    pub(crate) listeners: Vec<(&'static str, SocketAddr)>,
    /// Set when the database is on this machine: for `gatewayctl`, which has no listeners.
    pub(crate) database_is_local: bool,
}

impl Place<'_> {
    /// Returns the reason why development values may not be used here; `None` when they may.
    fn refusal(&self) -> Option<String> {
        if let Some(url) = self.base_url
            && !url.is_loopback()
            && !url.is_provider_sandbox()
        {
            let text = "AYOLINX_BASE_URL is neither on this machine nor the provider's sandbox";
            return Some(text.to_owned());
        }
        let reachable = |(_, address): &&(_, SocketAddr)| !listeners::is_loopback(*address);
        if let Some((name, _)) = self.listeners.iter().find(reachable) {
            return Some(format!("{name} can be reached from other machines"));
        }
        let elsewhere = || "DATABASE_URL is not on this machine".to_owned();
        (!self.database_is_local).then(elsewhere)
    }
}

fn listed(
    reader: &Reader<'_>,
    place: &Place<'_>,
    warnings: &mut Warnings,
    what: &Listed,
) -> Option<Vec<Secret>> {
    let name = what.variable;
    let set = reader.is_set(name) || reader.is_set(&format!("{name}_FILE"));
    let given: Vec<Secret> = reader.secret_list(name);
    if given.len() > ENTRIES_MAX {
        // Each pepper is one more digest for every request, each key one more that must be kept.
        reader.problem(name, format!("has more than {ENTRIES_MAX} entries"));
    }
    if set {
        let production = place.base_url.is_some_and(Origin::is_production);
        let short = |key: &Secret| key.expose().chars().count() < PRODUCTION_LENGTH_MIN;
        if production && given.iter().any(short) {
            let text = format!(
                "each entry needs at least {PRODUCTION_LENGTH_MIN} characters with the production \
                 AYOLINX_BASE_URL"
            );
            reader.problem(name, text);
        }
        return (!given.is_empty()).then_some(given);
    }
    if let Some(because) = place.refusal() {
        reader.problem(
            name,
            format!("is required (or {name}_FILE), because {because}"),
        );
        return None;
    }
    warnings.add(format!(
        "{name} is not set: a fixed value that everybody knows is used, for development only"
    ));
    Some(vec![Secret::new(what.development)])
}
