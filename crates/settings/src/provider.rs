//! The settings of the provider: its address, our credentials, and the style of its requests.

use std::time::Duration;

use ayolinx_core::{
    json_style::JsonStyle,
    secret::Secret,
    signing::{ClientSecret, RsaSigningKey, RsaVerifyingKey},
};
use service_shell::env::Reader;

use crate::{origin, origin::Origin, warnings::Warnings};

const BASE_URL: &str = "AYOLINX_BASE_URL";
const CLIENT_ID: &str = "AYOLINX_CLIENT_ID";
const CHANNEL_ID: &str = "AYOLINX_CHANNEL_ID";
const CHANNEL_ID_CHARS_MAX: usize = 5;
const CLIENT_SECRET: &str = "AYOLINX_CLIENT_SECRET";
const PREVIOUS_SECRET: &str = "AYOLINX_CLIENT_SECRET_PREVIOUS";
const PRIVATE_KEY: &str = "AYOLINX_PRIVATE_KEY_FILE";
const PREVIOUS_KEY: &str = "AYOLINX_PRIVATE_KEY_PREVIOUS_FILE";
const PUBLIC_KEYS: &str = "AYOLINX_PUBLIC_KEY_FILES";

/// The settings needed to call the provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// `AYOLINX_BASE_URL`: required. http only on this machine or with `AYOLINX_ALLOW_HTTP=true`,
    /// and never for production.
    pub base_url: Origin,
    /// `AYOLINX_CLIENT_ID`: the client key; required.
    pub client_id: String,
    /// `AYOLINX_CHANNEL_ID`: `CHANNEL-ID` of every signed call; `None` when it is not sent.
    pub channel_id: Option<String>,
    /// `AYOLINX_CLIENT_SECRET`: required.
    pub client_secret: ClientSecret,
    /// `AYOLINX_CLIENT_SECRET_PREVIOUS`: still accepted for incoming signatures, and tried once more for
    /// ours where the provider refuses the current one.
    pub client_secret_previous: Option<ClientSecret>,
    /// `AYOLINX_PRIVATE_KEY_FILE`: our RSA key, PEM; required.
    pub signing_key: RsaSigningKey,
    /// `AYOLINX_PRIVATE_KEY_PREVIOUS_FILE`: tried once where the provider refuses the current one.
    pub signing_key_previous: Option<RsaSigningKey>,
    /// `AYOLINX_JSON_STYLE`: the spelling of JSON bodies; default `php`.
    pub json_style: JsonStyle,
    /// `PROVIDER_TIMEOUT_MS`: token, call and its one repeat together; default 25000.
    pub timeout: Duration,
}

/// The parts of [`ProviderSettings`] that can be read when some variables may be missing.
pub(crate) struct ProviderParts {
    pub(crate) base_url: Option<Origin>,
    client_id: Option<String>,
    channel_id: Option<String>,
    client_secret: Option<ClientSecret>,
    client_secret_previous: Option<ClientSecret>,
    signing_key: Option<RsaSigningKey>,
    signing_key_previous: Option<RsaSigningKey>,
    json_style: JsonStyle,
}

impl ProviderParts {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let style = "php or plain";
        Self {
            base_url: base_url(reader),
            client_id: client_id(reader),
            channel_id: reader.parsed_with(CHANNEL_ID, CHANNEL_ID_EXPECTED, channel_id),
            client_secret: client_secret(reader, CLIENT_SECRET, reader.secret(CLIENT_SECRET)),
            client_secret_previous: client_secret(
                reader,
                PREVIOUS_SECRET,
                reader.spare_secret(PREVIOUS_SECRET),
            ),
            signing_key: signing_key(reader, PRIVATE_KEY, reader.file(PRIVATE_KEY)),
            signing_key_previous: signing_key(
                reader,
                PREVIOUS_KEY,
                reader.file(PREVIOUS_KEY).filter(|pem| !pem.is_empty()),
            ),
            json_style: reader.parsed_or("AYOLINX_JSON_STYLE", style, JsonStyle::Php),
        }
    }

    /// Returns the whole, when all required variables are set; `into` gets a problem for each that is
    /// not.
    pub(crate) fn complete(
        &self,
        timeout: Duration,
        into: &Reader<'_>,
    ) -> Option<ProviderSettings> {
        for name in [BASE_URL, CLIENT_ID, PRIVATE_KEY] {
            if !into.is_set(name) {
                into.problem(name, "is required");
            }
        }
        if !into.is_set(CLIENT_SECRET) && !into.is_set(&format!("{CLIENT_SECRET}_FILE")) {
            into.problem(
                CLIENT_SECRET,
                format!("is required (or {CLIENT_SECRET}_FILE)"),
            );
        }
        Some(ProviderSettings {
            base_url: self.base_url.clone()?,
            client_id: self.client_id.clone()?,
            channel_id: self.channel_id.clone(),
            client_secret: self.client_secret.clone()?,
            client_secret_previous: self.client_secret_previous.clone(),
            signing_key: self.signing_key.clone()?,
            signing_key_previous: self.signing_key_previous.clone(),
            json_style: self.json_style,
            timeout,
        })
    }
}

const CHANNEL_ID_EXPECTED: &str = "1 to 5 letters and digits, as H2H";

fn channel_id(text: &str) -> Option<String> {
    let right = (1..=CHANNEL_ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    right.then(|| text.to_owned())
}

fn base_url(reader: &Reader<'_>) -> Option<Origin> {
    let allow_http = reader.flag_or("AYOLINX_ALLOW_HTTP", false);
    let url = reader.parsed_with(BASE_URL, origin::EXPECTED, Origin::parse)?;
    if url.is_https() || url.is_loopback() {
        return Some(url);
    }
    if url.is_production() {
        reader.problem(BASE_URL, "must be https for production");
    } else if !allow_http {
        let text = "must be https, unless it is on this machine or AYOLINX_ALLOW_HTTP=true";
        reader.problem(BASE_URL, text);
    }
    Some(url)
}

/// Reads the client id. It is sent in headers, so that anything but visible ASCII would break every
/// call.
fn client_id(reader: &Reader<'_>) -> Option<String> {
    let id = reader.identifier(CLIENT_ID)?;
    if id.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Some(id);
    }
    reader.problem(CLIENT_ID, "must be visible ASCII: it is sent in headers");
    None
}

fn client_secret(reader: &Reader<'_>, name: &str, given: Option<Secret>) -> Option<ClientSecret> {
    ClientSecret::new(given?)
        .map_err(|error| reader.problem(name, error.to_string()))
        .ok()
}

fn signing_key(reader: &Reader<'_>, name: &str, given: Option<String>) -> Option<RsaSigningKey> {
    let pem = Secret::new(given?);
    let key = RsaSigningKey::from_pem(&pem);
    key.map_err(|error| reader.problem(name, error.to_string()))
        .ok()
}

/// `AYOLINX_PUBLIC_KEY_FILES`: the provider's RSA public keys, one or several in each file; all are
/// accepted.
#[derive(Debug, Clone)]
pub struct ProviderPublicKeys(Vec<RsaVerifyingKey>);

impl ProviderPublicKeys {
    /// Returns the keys, in the order given.
    pub fn all(&self) -> &[RsaVerifyingKey] {
        &self.0
    }

    /// Reads the keys. Anybody can sign with a published key, so in production one would open the ledger
    /// to forgeries and is refused.
    pub(crate) fn read(
        reader: &Reader<'_>,
        base_url: Option<&Origin>,
        warnings: &mut Warnings,
    ) -> Self {
        let pems = reader.files(PUBLIC_KEYS);
        let mut keys = Vec::with_capacity(pems.len());
        for pem in pems {
            match RsaVerifyingKey::all_from_pem(&pem) {
                Ok(read) => keys.extend(read),
                Err(error) => reader.problem(PUBLIC_KEYS, error.to_string()),
            }
        }
        if keys.iter().any(RsaVerifyingKey::is_published) {
            let text = "holds a key whose private half is published in test vectors or documents";
            if base_url.is_some_and(Origin::is_production) {
                reader.problem(PUBLIC_KEYS, text);
            } else {
                warnings.add(format!("{PUBLIC_KEYS} {text}: anybody can sign callbacks"));
            }
        }
        Self(keys)
    }

    pub(crate) fn require(&self, reader: &Reader<'_>) {
        if !reader.is_set(PUBLIC_KEYS) {
            reader.problem(PUBLIC_KEYS, "is required");
        }
    }
}
