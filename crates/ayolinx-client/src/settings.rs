//! The settings that a client needs of the provider account. Injected; nothing here reads the
//! environment.

use std::time::Duration;

use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::signing::RsaSigningKey;
use url::{Host, Url};

use crate::secret_pair::SecretPair;
use crate::telemetry::metrics::ClientMetrics;
use crate::transport::breaker::Breaker;

/// One provider account. Clones share breaker and metrics, so make it once and clone it into each thread.
#[derive(Clone)]
pub struct ProviderSettings {
    /// The provider's address.
    pub base_url: Url,
    /// `X-CLIENT-KEY` and `X-PARTNER-ID`.
    pub client_id: String,
    /// `CHANNEL-ID` of every signed call; `None`: not sent.
    pub channel_id: Option<String>,
    /// The secret that signs every call but the token request.
    pub client_secret: SecretPair,
    /// The key that signs the token request.
    pub signing_key: RsaSigningKey,
    /// The key that signs the token request once more where the provider refuses the first: while
    /// our key rotates it knows the one or the other.
    pub signing_key_previous: Option<RsaSigningKey>,
    /// Spelling of bodies.
    pub json_style: JsonStyle,
    /// Longest time of the whole exchange: token, call and its repeat.
    pub timeout: Duration,
    /// The breakers, shared by all threads.
    pub breaker: Breaker,
    /// The metrics, shared by all threads.
    pub metrics: ClientMetrics,
}

impl ProviderSettings {
    /// Returns the header `CHANNEL-ID`, where the provider wants one (protocol 2.2).
    pub(crate) fn channel_header(&self) -> Option<(&'static str, String)> {
        Some(("CHANNEL-ID", self.channel_id.clone()?))
    }

    /// Returns whether the provider is one on this machine: only then may it redirect payers over
    /// http.
    pub(crate) fn is_loopback(&self) -> bool {
        self.base_url.host().is_some_and(|host| is_loopback(&host))
    }
}

pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
