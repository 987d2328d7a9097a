//! What a client must know of the provider account. Injected; nothing here reads the environment.

use std::time::Duration;

use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey};
use url::{Host, Url};

use crate::breaker::Breaker;
use crate::metrics::ClientMetrics;

/// One provider account. Clones share breaker and metrics, so make it once and clone it into each thread.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Where the provider is.
    pub base_url: Url,
    /// `X-CLIENT-KEY` and `X-PARTNER-ID`.
    pub client_id: String,
    /// Signs every call but the token request.
    pub client_secret: ClientSecret,
    /// Signs the token request.
    pub signing_key: RsaSigningKey,
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
    /// Whether the provider is one on this machine: only then may it redirect payers over http.
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
