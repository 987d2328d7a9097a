//! What a client must know of the provider account. Injected; nothing here reads the environment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey};
use url::{Host, Url};

use crate::telemetry::metrics::ClientMetrics;
use crate::transport::breaker::Breaker;

/// One provider account. Clones share breaker and metrics, so make it once and clone it into each thread.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Where the provider is.
    pub base_url: Url,
    /// `X-CLIENT-KEY` and `X-PARTNER-ID`.
    pub client_id: String,
    /// `CHANNEL-ID` of every signed call; `None`: not sent.
    pub channel_id: Option<String>,
    /// Signs every call but the token request.
    pub client_secret: SecretPair,
    /// Signs the token request.
    pub signing_key: RsaSigningKey,
    /// Signs the token request once more where the provider refuses the first: while our key rotates
    /// it knows the one or the other.
    pub signing_key_previous: Option<RsaSigningKey>,
    /// Spelling of bodies.
    pub json_style: JsonStyle,
    /// For the whole exchange: token, call and its repeat.
    pub timeout: Duration,
    /// Shared by all threads.
    pub breaker: Breaker,
    /// Shared by all threads.
    pub metrics: ClientMetrics,
}

impl ProviderSettings {
    /// The header `CHANNEL-ID`, where the provider wants one (protocol 2.2).
    pub(crate) fn channel_header(&self) -> Option<(&'static str, String)> {
        Some(("CHANNEL-ID", self.channel_id.clone()?))
    }

    /// Whether the provider is one on this machine: only then may it redirect payers over http.
    pub(crate) fn is_loopback(&self) -> bool {
        self.base_url.host().is_some_and(|host| is_loopback(&host))
    }
}

/// Which of two secrets of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one we go over to.
    Current,
    /// The one we come from.
    Previous,
}

impl Which {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

/// The client secret, while it rotates with the one before it: the provider goes over from one to the
/// other at a moment that is its own. Clones remember together which was accepted last.
#[derive(Clone)]
pub struct SecretPair {
    current: ClientSecret,
    previous: Option<ClientSecret>,
    previous_is_accepted: Arc<AtomicBool>,
}

impl SecretPair {
    /// A secret, and the one before it.
    #[must_use]
    pub fn new(current: ClientSecret, previous: Option<ClientSecret>) -> Self {
        Self {
            current,
            previous,
            previous_is_accepted: Arc::default(),
        }
    }

    /// The one to sign with: what was accepted last.
    #[must_use]
    pub fn first(&self) -> Which {
        if self.previous_is_accepted.load(Ordering::Relaxed) {
            Which::Previous
        } else {
            Which::Current
        }
    }

    /// The one to sign with when `which` was refused.
    pub(crate) fn other_than(&self, which: Which) -> Option<Which> {
        self.previous.as_ref().map(|_| match which {
            Which::Current => Which::Previous,
            Which::Previous => Which::Current,
        })
    }

    pub(crate) fn get(&self, which: Which) -> &ClientSecret {
        match (which, &self.previous) {
            (Which::Previous, Some(previous)) => previous,
            _ => &self.current,
        }
    }

    pub(crate) fn accepted(&self, which: Which) {
        let is_previous = which == Which::Previous;
        self.previous_is_accepted
            .store(is_previous, Ordering::Relaxed);
    }
}

impl From<ClientSecret> for SecretPair {
    fn from(current: ClientSecret) -> Self {
        Self::new(current, None)
    }
}

pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
