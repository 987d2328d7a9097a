//! The settings that all three programs read.

use ayolinx_core::channels::{ChannelTable, Environment};
use service_shell::{env::Reader, proxies::TrustedProxies, telemetry::TelemetrySettings};

use crate::{origin::Origin, timings::Timings, webhook_rules::WebhookRules};

/// The settings of every program.
#[derive(Debug, Clone)]
pub struct Shared {
    /// `LOG_FORMAT`, `RUST_LOG`, `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub telemetry: TelemetrySettings,
    /// `TRUSTED_PROXIES`: CIDRs whose forwarding headers count; default none.
    pub trusted_proxies: TrustedProxies,
    /// The built-in table with `AYOLINX_CHANNELS_FILE` (TOML) over it. The built-in bank prefixes
    /// apply only when the base URL is not production.
    pub channels: ChannelTable,
    /// `WEBHOOK_ALLOWED_HOSTS`, `WEBHOOK_ALLOWED_NETWORKS`.
    pub webhooks: WebhookRules,
    /// All timings.
    pub timings: Timings,
}

impl Shared {
    pub(crate) fn read(reader: &Reader<'_>, base_url: Option<&Origin>) -> Option<Self> {
        let telemetry = TelemetrySettings::read(reader);
        let network = "a network such as 10.0.0.0/8";
        let proxies = reader.list_with("TRUSTED_PROXIES", network, |entry| entry.parse().ok());
        let channels = channels(reader, base_url);
        let webhooks = WebhookRules::read(reader);
        let timings = Timings::read(reader);
        Some(Self {
            telemetry,
            trusted_proxies: TrustedProxies::new(proxies),
            channels: channels?,
            webhooks: webhooks?,
            timings: timings?,
        })
    }
}

fn channels(reader: &Reader<'_>, base_url: Option<&Origin>) -> Option<ChannelTable> {
    let name = "AYOLINX_CHANNELS_FILE";
    let environment = base_url.map_or(Environment::NonProduction, Origin::environment);
    let built_in = ChannelTable::built_in(environment);
    if !reader.is_set(name) {
        return Some(built_in);
    }
    let overlaid = built_in.overlay(&reader.file(name)?);
    overlaid
        .map_err(|error| reader.problem(name, error.to_string()))
        .ok()
}
