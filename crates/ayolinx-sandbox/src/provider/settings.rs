//! Settings from the environment, `SANDBOX_*`, and their defaults on a developer's machine.
//! A malformed value names its variable; a missing credential becomes an obvious development value.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ayolinx_core::secret::Secret;
use url::Url;

use crate::StartError;
use crate::protocol::behaviours::Readings;
use crate::protocol::body_encoding::BodySpelling;

/// The way in which VA and QRIS callbacks are sent (protocol 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallbackMode {
    /// Non-SNAP: one POST, kind C.
    #[default]
    Plain,
    /// Token request (kind D), then a POST of kind E.
    Snap,
}

impl CallbackMode {
    /// Returns the setting's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Snap => "snap",
        }
    }
}

impl FromStr for CallbackMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "plain" => Ok(Self::Plain),
            "snap" => Ok(Self::Snap),
            _ => Err("must be snap or plain"),
        }
    }
}

/// All settings of the sandbox. [`SandboxSettings::development`] is a start for tests.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// `SANDBOX_BIND`; port 0 takes a free one.
    pub bind: SocketAddr,
    /// `SANDBOX_ALLOW_REMOTE`: a bind that is not loopback needs it.
    pub allow_remote: bool,
    /// `SANDBOX_CLIENT_ID`: `X-CLIENT-KEY` and `X-PARTNER-ID` it accepts.
    pub client_id: String,
    /// `SANDBOX_CHANNEL_ID`: the `CHANNEL-ID` every signed call must carry; without it none need to.
    pub channel_id: Option<String>,
    /// `SANDBOX_CLIENT_SECRET`: HMAC key of both directions.
    pub client_secret: Secret,
    /// `SANDBOX_MERCHANT_PUBLIC_KEY_FILE`, read; without it a merchant pair is made in `key_dir`.
    pub merchant_public_key_pem: Option<String>,
    /// `SANDBOX_CALLBACK_ORIGIN`: where callbacks without a `NOTIFICATION` url go, documented path appended.
    pub callback_origin: Url,
    /// `SANDBOX_CALLBACK_MODE`.
    pub callback_mode: CallbackMode,
    /// `SANDBOX_BODY_SPELLING`.
    pub body_spelling: BodySpelling,
    /// `SANDBOX_TIME_SCALE`: divides the callback plan and the waits of the magic amounts.
    pub time_scale: u32,
    /// `SANDBOX_TOKEN_TTL`, seconds in the environment.
    pub token_ttl: Duration,
    /// `SANDBOX_SNAP_CLIENT_KEY`: the client key it presents to us.
    pub snap_client_key: String,
    /// `SANDBOX_KEY_DIR`: the folder where its key pair is made and kept.
    pub key_dir: PathBuf,
    /// `SANDBOX_CHANNELS_FILE`, else the gateway's `AYOLINX_CHANNELS_FILE`, read: channels it adds are served too.
    pub channels_toml: Option<String>,
    /// `SANDBOX_READINGS`: the behaviours that differ from what the gateway expects.
    pub readings: Readings,
    /// `SANDBOX_JOURNAL`: everything with an effect, one JSON line each, synced to disk before the reply.
    pub journal: Option<PathBuf>,
}

/// The client id when `SANDBOX_CLIENT_ID` is missing.
const DEVELOPMENT_CLIENT_ID: &str = "CKSandbox-development-only";
/// The client secret when `SANDBOX_CLIENT_SECRET` is missing.
const DEVELOPMENT_CLIENT_SECRET: &str = "SKSandbox-development-only";
/// The port when `SANDBOX_BIND` is missing.
const DEFAULT_PORT: u16 = 8090;
/// The origin when `SANDBOX_CALLBACK_ORIGIN` is missing.
const DEFAULT_CALLBACK_ORIGIN: &str = "http://127.0.0.1:8081";
/// The lifetime when `SANDBOX_TOKEN_TTL` is missing.
const DEFAULT_TOKEN_TTL: Duration = Duration::from_secs(900);

impl SandboxSettings {
    /// Returns a free loopback port, development credentials, keys in `key_dir`, callbacks to `callback_origin`.
    #[must_use]
    pub fn development(key_dir: PathBuf, callback_origin: Url) -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            client_id: DEVELOPMENT_CLIENT_ID.to_owned(),
            channel_id: None,
            client_secret: Secret::new(DEVELOPMENT_CLIENT_SECRET),
            merchant_public_key_pem: None,
            callback_origin,
            callback_mode: CallbackMode::Plain,
            body_spelling: BodySpelling::Received,
            time_scale: 1,
            token_ttl: DEFAULT_TOKEN_TTL,
            snap_client_key: DEVELOPMENT_CLIENT_ID.to_owned(),
            key_dir,
            channels_toml: None,
            readings: Readings::default(),
            journal: None,
        }
    }

    /// Reads `SANDBOX_*` from the process environment.
    ///
    /// # Errors
    /// Returns [`StartError::Setting`] naming the variable.
    pub fn from_env() -> Result<Self, StartError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads the same variables from anywhere.
    ///
    /// # Errors
    /// Returns [`StartError::Setting`] naming the variable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let source = Source { lookup };
        let client_id = source
            .text("SANDBOX_CLIENT_ID")?
            .unwrap_or_else(|| DEVELOPMENT_CLIENT_ID.to_owned());
        let client_secret = source
            .secret("SANDBOX_CLIENT_SECRET")?
            .unwrap_or_else(|| Secret::new(DEVELOPMENT_CLIENT_SECRET));
        let settings = Self {
            bind: source
                .parsed("SANDBOX_BIND", "must be ADDRESS:PORT")?
                .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))),
            allow_remote: source
                .parsed("SANDBOX_ALLOW_REMOTE", "must be true or false")?
                .unwrap_or(false),
            merchant_public_key_pem: source
                .text("SANDBOX_MERCHANT_PUBLIC_KEY_FILE")?
                .map(|path| read_file("SANDBOX_MERCHANT_PUBLIC_KEY_FILE", &path))
                .transpose()?,
            callback_origin: source.origin("SANDBOX_CALLBACK_ORIGIN")?,
            callback_mode: source
                .parsed("SANDBOX_CALLBACK_MODE", "must be snap or plain")?
                .unwrap_or_default(),
            body_spelling: source
                .parsed("SANDBOX_BODY_SPELLING", "must be received, php or plain")?
                .unwrap_or_default(),
            time_scale: source
                .parsed("SANDBOX_TIME_SCALE", "must be a whole number from 1")?
                .map_or(1, std::num::NonZeroU32::get),
            token_ttl: source
                .parsed(
                    "SANDBOX_TOKEN_TTL",
                    "must be a whole number of seconds from 1",
                )?
                .map_or(DEFAULT_TOKEN_TTL, |seconds: std::num::NonZeroU32| {
                    Duration::from_secs(seconds.get().into())
                }),
            snap_client_key: source
                .text("SANDBOX_SNAP_CLIENT_KEY")?
                .unwrap_or_else(|| client_id.clone()),
            key_dir: source
                .text("SANDBOX_KEY_DIR")?
                .map_or_else(|| PathBuf::from("./sandbox-keys"), PathBuf::from),
            channels_toml: source.channels_toml()?,
            readings: source
                .parsed("SANDBOX_READINGS", "must be a list of known readings")?
                .unwrap_or_default(),
            journal: source.text("SANDBOX_JOURNAL")?.map(PathBuf::from),
            channel_id: source.text("SANDBOX_CHANNEL_ID")?,
            client_id,
            client_secret,
        };
        settings.checked()
    }

    /// Refuses settings that must not start (contract 7).
    pub(crate) fn checked(self) -> Result<Self, StartError> {
        if !self.bind.ip().is_loopback() && !self.allow_remote {
            return Err(StartError::setting(
                "SANDBOX_BIND",
                "is not a loopback address; SANDBOX_ALLOW_REMOTE=true would allow it",
            ));
        }
        Ok(self)
    }

    /// Returns whether the client id or secret is the built-in development one.
    #[must_use]
    pub fn has_development_credentials(&self) -> bool {
        self.client_id == DEVELOPMENT_CLIENT_ID
            || self.client_secret.expose() == DEVELOPMENT_CLIENT_SECRET
    }
}

struct Source<F> {
    lookup: F,
}

impl<F: Fn(&str) -> Option<String>> Source<F> {
    /// Reads a value; empty is malformed, because it is never meant.
    fn text(&self, name: &'static str) -> Result<Option<String>, StartError> {
        match (self.lookup)(name) {
            Some(text) if text.trim().is_empty() => Err(StartError::setting(name, "is empty")),
            other => Ok(other),
        }
    }

    fn secret(&self, name: &'static str) -> Result<Option<Secret>, StartError> {
        let path = (self.lookup)(&format!("{name}_FILE"));
        match (self.text(name)?, path) {
            (Some(_), Some(_)) => Err(StartError::setting(name, "and its _FILE are both set")),
            (Some(text), None) => Ok(Some(Secret::new(text))),
            (None, Some(path)) => {
                let text = read_file(name, &path)?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                if text.is_empty() {
                    return Err(StartError::setting(name, "_FILE is empty"));
                }
                Ok(Some(Secret::new(text)))
            }
            (None, None) => Ok(None),
        }
    }

    fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        rule: &'static str,
    ) -> Result<Option<T>, StartError> {
        self.text(name)?
            .map(|text| {
                text.parse()
                    .map_err(|_unreadable| StartError::setting(name, rule))
            })
            .transpose()
    }

    fn channels_toml(&self) -> Result<Option<String>, StartError> {
        for name in ["SANDBOX_CHANNELS_FILE", "AYOLINX_CHANNELS_FILE"] {
            if let Some(path) = (self.lookup)(name).filter(|path| !path.is_empty()) {
                return read_file(name, &path).map(Some);
            }
        }
        Ok(None)
    }

    fn origin(&self, name: &'static str) -> Result<Url, StartError> {
        let text = self
            .text(name)?
            .unwrap_or_else(|| DEFAULT_CALLBACK_ORIGIN.to_owned());
        Url::parse(&text)
            .ok()
            .filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.path() == "/"
                    && url.query().is_none()
            })
            .ok_or_else(|| {
                StartError::setting(name, "must be http(s)://HOST[:PORT] without a path")
            })
    }
}

fn read_file(name: &'static str, path: &str) -> Result<String, StartError> {
    std::fs::read_to_string(path)
        .map_err(|error| StartError::setting(name, &format!("cannot read {path}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SandboxSettings, String> {
        SandboxSettings::from_lookup(|name| {
            pairs
                .iter()
                .find(|(known, _value)| *known == name)
                .map(|(_known, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_for_development() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8090");
        assert!(settings.has_development_credentials());
        assert_eq!(settings.snap_client_key, settings.client_id);
    }

    #[test]
    fn a_malformed_value_names_its_variable() {
        for (name, value) in [
            ("SANDBOX_BIND", "here"),
            ("SANDBOX_CLIENT_ID", ""),
            ("SANDBOX_CALLBACK_MODE", "both"),
            ("SANDBOX_BODY_SPELLING", "PHP"),
            ("SANDBOX_TIME_SCALE", "0"),
            ("SANDBOX_TOKEN_TTL", "15m"),
            ("SANDBOX_CALLBACK_ORIGIN", "http://h/path"),
            ("SANDBOX_ALLOW_REMOTE", "yes"),
            ("SANDBOX_READINGS", "as usual"),
            ("SANDBOX_MERCHANT_PUBLIC_KEY_FILE", "/nowhere/at/all"),
            ("SANDBOX_CHANNELS_FILE", "/nowhere/at/all"),
            ("AYOLINX_CHANNELS_FILE", "/nowhere/at/all"),
        ] {
            let message = read(&[(name, value)]).unwrap_err();
            assert!(message.contains(name), "{message}");
        }
    }

    #[test]
    fn the_secret_may_come_from_a_file_but_not_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let file = ("SANDBOX_CLIENT_SECRET_FILE", path.to_str().unwrap());
        let settings = read(&[file]).unwrap();
        assert_eq!(settings.client_secret.expose(), "from-a-file");
        let message = read(&[file, ("SANDBOX_CLIENT_SECRET", "x")]).unwrap_err();
        assert!(message.contains("SANDBOX_CLIENT_SECRET"), "{message}");
    }

    #[test]
    fn a_remote_bind_needs_consent() {
        let message = read(&[("SANDBOX_BIND", "0.0.0.0:1")]).unwrap_err();
        assert!(message.contains("SANDBOX_ALLOW_REMOTE"), "{message}");
        assert!(
            read(&[
                ("SANDBOX_BIND", "0.0.0.0:1"),
                ("SANDBOX_ALLOW_REMOTE", "true")
            ])
            .is_ok()
        );
    }
}
