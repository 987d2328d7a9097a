//! The remaining need for the lists of our own keys: which of them could go, and what would be lost.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use ayolinx_core::key_id::KeyId;
use ayolinx_core::sealing::Keyring;
use ledger::{Ledger, PepperStanding, Urgency};
use settings::CtlSettings;

use super::Findings;
use crate::encryption_census::{self, Census};

const API_KEYS: &str = "API keys";
const SEALED: &str = "sealed data";
/// The longest time for counting: counting all of a large database is for `keys reseal --dry-run`.
const COUNTED_FOR: Duration = Duration::from_secs(3);

/// Checks whether every API key is stored under a pepper that is listed.
pub(super) async fn peppers(settings: &CtlSettings, ledger: &Ledger, findings: &mut Findings) {
    let Ok(peppers) = settings.peppers() else {
        return;
    };
    let listed: Vec<KeyId> = peppers.all().iter().map(KeyId::of_pepper).collect();
    let counts = match ledger
        .at(Urgency::Write)
        .transact(|tx| tx.count_keys_by_pepper())
        .await
    {
        Ok(counts) => counts,
        Err(error) => {
            findings.fail(API_KEYS, error.to_string(), "");
            return;
        }
    };
    let standing = PepperStanding::of(&counts, &listed);
    if !standing.unlisted.is_empty() {
        let found = format!(
            "refused, since their pepper is not listed: {}",
            named(&standing.unlisted)
        );
        let advice = "Put that pepper back into API_KEY_PEPPER, or give these shops new keys";
        findings.fail(API_KEYS, found, advice);
    }
    if !standing.older.is_empty() {
        let found = format!("only under older peppers: {}", named(&standing.older));
        let advice = "Keep those peppers: a key goes over to the newest when it is used; `gatewayctl keys \
                      list --old-pepper` names those that did not";
        findings.warn(API_KEYS, found, advice);
    }
    if standing.unknown > 0 {
        let found = format!("under an unknown pepper: {}", standing.unknown);
        let advice = "Keep every pepper until they were used, or revoke them; `gatewayctl keys list \
                      --old-pepper` names them";
        findings.warn(API_KEYS, found, advice);
    }
    if standing.unlisted.is_empty() && standing.older.is_empty() && standing.unknown == 0 {
        let found = format!("{} under the newest pepper", standing.newest);
        findings.ok(API_KEYS, found + &not_needed(listed.iter().skip(1)));
    }
}

/// Checks whether everything that is sealed opens, and what the older keys are still needed for.
pub(super) async fn sealed(settings: &CtlSettings, ledger: &Ledger, findings: &mut Findings) {
    let keyring = settings
        .encryption_keys()
        .ok()
        .map(|keys| Keyring::new(keys.all()));
    let Some(Ok(keyring)) = keyring else {
        return;
    };
    match encryption_census::count(ledger, Some(Instant::now() + COUNTED_FOR)).await {
        Ok(census) => told(&census, &keyring.ids(), findings),
        Err(failure) => findings.fail(SEALED, failure.to_string(), ""),
    }
}

fn told(census: &Census, listed: &[KeyId], findings: &mut Findings) {
    let by_key = census.by_key();
    let cut = if census.is_complete {
        ""
    } else {
        " (not all were counted: `gatewayctl keys reseal --dry-run` does)"
    };
    let newest = listed.first().copied();
    let lost: BTreeMap<String, u64> = by_key
        .iter()
        .filter(|(key, _)| key.is_none_or(|key| !listed.contains(&key)))
        .map(|(key, values)| {
            (
                key.map_or("none".to_owned(), |key| key.to_string()),
                *values,
            )
        })
        .collect();
    if !lost.is_empty() {
        let found = format!("under keys that are not listed: {}{cut}", named(&lost));
        let advice = "Put that key back into ENCRYPTION_KEYS: these values cannot be read without";
        findings.fail(SEALED, found, advice);
    }
    let older: BTreeMap<String, u64> = by_key
        .iter()
        .filter_map(|(key, values)| Some(((*key)?, *values)))
        .filter(|(key, _)| Some(*key) != newest && listed.contains(key))
        .map(|(key, values)| (key.to_string(), values))
        .collect();
    if !older.is_empty() {
        let found = format!("under older keys: {}{cut}", named(&older));
        let advice = "Keep those keys; `gatewayctl keys reseal` seals anew what hangs on them";
        findings.warn(SEALED, found, advice);
    }
    if lost.is_empty() && older.is_empty() {
        let values = by_key.get(&newest).copied().unwrap_or_default();
        let mut found = format!("{values} values under the newest key{cut}");
        if census.is_complete {
            found.push_str(&not_needed(listed.iter().skip(1)));
        }
        findings.ok(SEALED, found);
    }
}

fn not_needed<'a>(ids: impl Iterator<Item = &'a KeyId>) -> String {
    let ids: Vec<String> = ids.map(KeyId::to_string).collect();
    if ids.is_empty() {
        return String::new();
    }
    format!("; listed and no longer needed: {}", ids.join(", "))
}

fn named(sums: &BTreeMap<String, impl Display>) -> String {
    let each: Vec<String> = sums
        .iter()
        .map(|(key, values)| format!("{key}: {values}"))
        .collect();
    each.join(", ")
}
