//! The targets that webhooks may reach.

use service_shell::env::Reader;
use webhooks::UrlGuard;

/// The rules for webhook addresses.
#[derive(Debug, Clone)]
pub struct WebhookRules {
    /// `WEBHOOK_ALLOWED_HOSTS` (`host[:port]`) and `WEBHOOK_ALLOWED_NETWORKS` (`CIDR[:port]`, in
    /// private or loopback ranges): inner targets permitted on top of public https ones.
    pub guard: UrlGuard,
}

impl WebhookRules {
    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        let entries = |name| reader.list_with(name, "not empty", |entry| Some(entry.to_owned()));
        let hosts = entries("WEBHOOK_ALLOWED_HOSTS");
        let networks = entries("WEBHOOK_ALLOWED_NETWORKS");
        let none: Vec<String> = Vec::new();
        if let Err(error) = UrlGuard::new(&hosts, &none) {
            reader.problem("WEBHOOK_ALLOWED_HOSTS", error.to_string());
        }
        if let Err(error) = UrlGuard::new(&none, &networks) {
            reader.problem("WEBHOOK_ALLOWED_NETWORKS", error.to_string());
        }
        let guard = UrlGuard::new(&hosts, &networks).ok()?;
        Some(Self { guard })
    }
}
