//! Durations and schedules. Tests shorten all of them.

use std::time::Duration;

use ayolinx_core::{method::Method, schedule::Schedule};
use chrono::TimeDelta;
use service_shell::{durations, env::Reader};
use webhooks::WebhookSchedule;

const RESOLVE: &str = "2s,10s,30s,65s,5m";
const INQUIRE_INSTANT: &str = "15s,30s,45s,60s,115s,170s,225s,280s,335s,390s,445s,500s";
const INQUIRE_DEFERRED: &str = "15s,60s,2m,5m,15m,1h";
const WEBHOOK: &str = "0s,5s,1m,5m,15m,1h,3h,6h,12h,14h,16h,19h40m";
/// The time that a lease must leave beside the provider call, to record its outcome.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
const DAY_MS: u64 = 86_400_000;

/// All timings; each program uses those that concern it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    /// `PROVIDER_TIMEOUT_MS`: token, call and its one repeat together; default 25000.
    pub provider_timeout: Duration,
    /// `CREATE_REPLY_MS`: the time after which the shop gets 202; default 8000.
    pub create_reply: Duration,
    /// `RESOLVE_SCHEDULE`: offsets from the end of our exchange; default `2s,10s,30s,65s,5m`.
    pub resolve: Schedule,
    /// `INQUIRY_SCHEDULE`: offsets from the time at which the artefact went out; when set, it holds
    /// for every method.
    pub inquiry: InquirySchedules,
    /// `EXPIRY_GRACE_MS`: the time from an order's expiry until its state becomes expired; default
    /// 300000.
    pub expiry_grace: Duration,
    /// `SWEEP_INTERVAL_MS`: the interval at which loops look for work; default 1000.
    pub sweep_interval: Duration,
    /// `WEBHOOK_SCHEDULE`: the waits before the delivery attempts of a webhook.
    pub webhook: WebhookSchedule,
    /// `WEBHOOK_TIMEOUT_MS`: the longest time of one delivery attempt; default 15000.
    pub webhook_timeout: Duration,
    /// `LEASE_MS`: the time for which claimed work is ours; default 30000, at least
    /// `PROVIDER_TIMEOUT_MS` and 5 s.
    pub lease: Duration,
    /// `SHUTDOWN_DELAY_MS`: the time for which a service told to end still accepts; default 5000.
    pub shutdown_delay: Duration,
    /// `SHUTDOWN_GRACE_MS`: the time for requests in flight at the end; default 25000.
    pub shutdown_grace: Duration,
    /// `ORDER_DEFAULT_EXPIRY`: the default life of an order; default `24h`.
    pub order_default_expiry: Duration,
}

/// The schedules of inquiries about payments whose notification has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquirySchedules {
    instant: Schedule,
    deferred: Schedule,
}

impl InquirySchedules {
    /// Returns the schedule for a method; `None` for payment links, about which nobody can ask.
    pub fn of(&self, method: Method) -> Option<&Schedule> {
        match method {
            Method::Qris | Method::Ewallet => Some(&self.instant),
            Method::VirtualAccount | Method::Retail => Some(&self.deferred),
            Method::PaymentLink => None,
        }
    }
}

impl Timings {
    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        let resolve = schedule(reader, "RESOLVE_SCHEDULE", RESOLVE);
        let instant = schedule(reader, "INQUIRY_SCHEDULE", INQUIRE_INSTANT);
        let deferred = if reader.is_set("INQUIRY_SCHEDULE") {
            instant.clone()
        } else {
            offsets(INQUIRE_DEFERRED)
        };
        let webhook = webhook_schedule(reader);
        let provider_timeout = reader.milliseconds_or("PROVIDER_TIMEOUT_MS", 25_000, 1..=300_000);
        let create_reply = reader.milliseconds_or("CREATE_REPLY_MS", 8_000, 1..=300_000);
        let expiry_grace = reader.milliseconds_or("EXPIRY_GRACE_MS", 300_000, 0..=DAY_MS);
        let sweep_interval = reader.milliseconds_or("SWEEP_INTERVAL_MS", 1_000, 1..=3_600_000);
        let webhook_timeout = reader.milliseconds_or("WEBHOOK_TIMEOUT_MS", 15_000, 1..=120_000);
        let lease = lease(reader, provider_timeout);
        let shutdown_delay = reader.milliseconds_or("SHUTDOWN_DELAY_MS", 5_000, 0..=600_000);
        let shutdown_grace = reader.milliseconds_or("SHUTDOWN_GRACE_MS", 25_000, 0..=600_000);
        let order_default_expiry = order_expiry(reader);
        Some(Self {
            provider_timeout,
            create_reply,
            resolve: resolve?,
            inquiry: InquirySchedules {
                instant: instant?,
                deferred: deferred?,
            },
            expiry_grace,
            sweep_interval,
            webhook: webhook?,
            webhook_timeout,
            lease,
            shutdown_delay,
            shutdown_grace,
            order_default_expiry,
        })
    }
}

fn lease(reader: &Reader<'_>, provider_timeout: Duration) -> Duration {
    let lease = reader.milliseconds_or("LEASE_MS", 30_000, 1..=DAY_MS);
    if lease < provider_timeout.saturating_add(LEASE_MARGIN) {
        let text = "must exceed PROVIDER_TIMEOUT_MS by at least 5000";
        reader.problem("LEASE_MS", text);
    }
    lease
}

fn order_expiry(reader: &Reader<'_>) -> Duration {
    let name = "ORDER_DEFAULT_EXPIRY";
    let expiry = reader.duration_or(name, Duration::from_millis(DAY_MS));
    if expiry < Duration::from_secs(1) {
        reader.problem(name, "must be at least 1s");
    }
    expiry
}

fn schedule(reader: &Reader<'_>, name: &str, default: &str) -> Option<Schedule> {
    let expected = "offsets such as 2s,10s,30s, each later than the one before";
    if reader.is_set(name) {
        reader.parsed_with(name, expected, offsets)
    } else {
        offsets(default)
    }
}

fn offsets(text: &str) -> Option<Schedule> {
    let all: Option<Vec<TimeDelta>> = lengths(text)
        .map(|length| TimeDelta::from_std(length?).ok())
        .collect();
    Schedule::new(all?).ok()
}

fn webhook_schedule(reader: &Reader<'_>) -> Option<WebhookSchedule> {
    let name = "WEBHOOK_SCHEDULE";
    let parse = |text: &str| {
        let waits: Option<Vec<Duration>> = lengths(text).collect();
        WebhookSchedule::new(waits?).ok()
    };
    if reader.is_set(name) {
        reader.parsed_with(name, "1 to 100 waits such as 0s,5s,1m,19h40m", parse)
    } else {
        parse(WEBHOOK)
    }
}

fn lengths(text: &str) -> impl Iterator<Item = Option<Duration>> {
    text.split(',').map(|entry| durations::parse(entry.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_read() {
        for text in [RESOLVE, INQUIRE_INSTANT, INQUIRE_DEFERRED] {
            assert!(offsets(text).is_some(), "{text}");
        }
        assert_eq!(lengths(WEBHOOK).flatten().count(), 12);
    }
}
