//! The provider: is it there, does it know us by key and by secret, and is its clock ours?

use ayolinx_client::{
    AyolinxClient, Breaker, ClientMetrics, NotSentReason, Outcome, ProviderSettings, SecretPair,
    TokenCache, TokenFailure, TokenOutcome, TokenReceipt, Which,
};
use chrono::{DateTime, TimeDelta, Utc};
use settings::CtlSettings;

use super::{Findings, secret_checks};
use crate::failure::Failure;

/// The skew beyond which signatures may be refused (protocol 2.2).
const SKEW_MAX: TimeDelta = TimeDelta::seconds(30);
const PROVIDER: &str = "provider";
const TOKEN: &str = "token";
const CLOCK: &str = "clock";
const PREVIOUS_KEY: &str = "Save the public half of AYOLINX_PRIVATE_KEY_FILE (the fingerprint above) in the \
                            provider's portal; until then keep the previous key";
const CHECK_URL: &str = "Check AYOLINX_BASE_URL and that this machine may connect to it";
const CHECK_IDENTITY: &str = "Check in the provider's portal: is our public key (the fingerprint above) saved, \
                              is AYOLINX_CLIENT_ID of the same environment as AYOLINX_BASE_URL, is this \
                              machine's outgoing address on the IP whitelist; and is this machine's clock right?";

/// Fetches a token, which answers all three, and makes one signed call with it.
pub(super) async fn provider(settings: &CtlSettings, findings: &mut Findings) {
    let Ok(account) = settings.provider() else {
        let advice = "Set the AYOLINX_ variables named above";
        findings.fail(PROVIDER, "not asked: its settings are not complete", advice);
        return;
    };
    let secrets = SecretPair::new(
        account.client_secret.clone(),
        account.client_secret_previous.clone(),
    );
    let client = match client(account, secrets.clone()) {
        Ok(client) => client,
        Err(failure) => {
            findings.fail(PROVIDER, failure.to_string(), "");
            return;
        }
    };
    let asked_at = Utc::now();
    let outcome = client.fetch_token().await;
    let answered_at = Utc::now();
    let base = account.base_url.as_str();
    match &outcome {
        Outcome::Accepted(receipt) => {
            findings.ok(PROVIDER, format!("{base} answers"));
            match receipt.signed_with {
                Which::Current => findings.ok(TOKEN, told(receipt)),
                Which::Previous => findings.warn(TOKEN, told(receipt), PREVIOUS_KEY),
            }
            clock(receipt.provider_time, asked_at, answered_at, findings);
            let channels = &settings.shared.channels;
            secret_checks::client_secret(&client, || secrets.first(), channels, findings).await;
        }
        refused => not_given(refused, base, findings),
    }
}

fn client(
    account: &settings::ProviderSettings,
    client_secret: SecretPair,
) -> Result<AyolinxClient, Failure> {
    let failed = |error: String| Failure::new(error);
    let metrics = ClientMetrics::new().map_err(|error| failed(error.to_string()))?;
    let settings = ProviderSettings {
        base_url: account.base_url.url().clone(),
        client_id: account.client_id.clone(),
        channel_id: account.channel_id.clone(),
        client_secret,
        signing_key: account.signing_key.clone(),
        signing_key_previous: account.signing_key_previous.clone(),
        json_style: account.json_style,
        timeout: account.timeout,
        breaker: Breaker::default(),
        metrics,
    };
    AyolinxClient::new(settings, TokenCache::in_process())
        .map_err(|error| failed(format!("TLS: {error}")))
}

fn told(receipt: &TokenReceipt) -> String {
    let life = match receipt.lifetime {
        Some(life) => format!("fetched; good for {} s", life.as_secs()),
        None => "fetched; the provider does not say for how long".to_owned(),
    };
    match receipt.signed_with {
        Which::Current => life,
        Which::Previous => {
            format!("{life}; but only with the key of AYOLINX_PRIVATE_KEY_PREVIOUS_FILE")
        }
    }
}

fn not_given(outcome: &TokenOutcome, base: &str, findings: &mut Findings) {
    let reason = outcome
        .detail()
        .unwrap_or_else(|| outcome.name().to_owned());
    let answered = format!("{base} answers");
    match outcome {
        Outcome::NotSent {
            reason: NotSentReason::NoToken(failure),
            ..
        } => match failure {
            TokenFailure::Refused(reply) => {
                findings.ok(PROVIDER, answered);
                let text = format!("refused with responseCode {reply}");
                findings.fail(TOKEN, text, CHECK_IDENTITY);
            }
            TokenFailure::Blocked(status) => {
                findings.ok(PROVIDER, answered);
                let text = format!("refused with HTTP {status} and no JSON");
                let advice = "Most likely this machine's outgoing address is not on the IP whitelist of the \
                              provider's portal";
                findings.fail(TOKEN, text, advice);
            }
            TokenFailure::Errored(reply) => {
                findings.ok(PROVIDER, answered);
                let text = format!("answered with responseCode {reply}");
                findings.fail(
                    TOKEN,
                    text,
                    "The provider is in trouble, or its gateway does not know us: \
                              check the client id and the IP whitelist, then ask it",
                );
            }
            TokenFailure::Throttled => {
                findings.ok(PROVIDER, answered);
                findings.fail(TOKEN, "too many requests", "Try again in a minute");
            }
            TokenFailure::Timeout => {
                let advice = "A firewall may drop what we send, or the provider what is not on its IP \
                              whitelist; check both, then AYOLINX_BASE_URL";
                findings.fail(PROVIDER, format!("{base} does not answer in time"), advice);
            }
            TokenFailure::Unusable => {
                let advice = "Is this the provider? Check AYOLINX_BASE_URL and proxies in between";
                findings.fail(PROVIDER, format!("{base}: {reason}"), advice);
            }
        },
        Outcome::NotSent {
            reason: NotSentReason::Tls,
            ..
        } => {
            let advice = "Is a proxy in between, or does AYOLINX_BASE_URL name another host?";
            findings.fail(PROVIDER, format!("{base}: {reason}"), advice);
        }
        _ => findings.fail(PROVIDER, format!("{base}: {reason}"), CHECK_URL),
    }
    if findings.0.iter().all(|check| check.name != TOKEN) {
        let text = "not fetched: the provider cannot be reached";
        findings.fail(TOKEN, text, "Mend the line above first");
    }
    findings.warn(CLOCK, "not compared: there was no token", "");
}

/// Compares the `Date` header with our time in the middle of the exchange.
fn clock(
    theirs: Option<DateTime<Utc>>,
    asked_at: DateTime<Utc>,
    answered_at: DateTime<Utc>,
    findings: &mut Findings,
) {
    let Some(theirs) = theirs else {
        findings.warn(CLOCK, "not compared: the provider sends no Date", "");
        return;
    };
    let half = (answered_at - asked_at) / 2;
    let ahead = asked_at + half - theirs;
    let seconds = ahead.num_seconds();
    if ahead.abs() <= SKEW_MAX {
        findings.ok(CLOCK, format!("{} s from the provider's", seconds.abs()));
        return;
    }
    let direction = if seconds > 0 { "ahead of" } else { "behind" };
    let text = format!("{} s {direction} the provider's", seconds.abs());
    let advice = "Let NTP set this machine's clock: signatures carry the time and may be refused";
    findings.warn(CLOCK, text, advice);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(theirs: i64, expected: &str) {
        let at = |second| DateTime::from_timestamp(1_750_000_000 + second, 0).unwrap();
        let mut findings = Findings::default();
        clock(Some(at(theirs)), at(0), at(2), &mut findings);
        let found = findings.0.pop().unwrap();
        assert_eq!(
            format!("{} {}", found.level.as_str(), found.found),
            expected
        );
    }

    #[test]
    fn a_clock_more_than_half_a_minute_off_is_warned_about() {
        check(1, "ok 0 s from the provider's");
        check(31, "ok 30 s from the provider's");
        check(-29, "ok 30 s from the provider's");
        check(32, "warn 31 s behind the provider's");
        check(-3_599, "warn 3600 s ahead of the provider's");
    }
}
