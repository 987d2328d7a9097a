//! Checks that need no answer from anybody: the environment and the files it names.

use std::collections::BTreeSet;
use std::ffi::OsString;

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{RsaSigningKey, RsaVerifyingKey};
use settings::{CtlSettings, Env, Problems};

use super::{Findings, Level};

const SETTINGS: &str = "settings";
const SET_IT: &str = "Set it as the services have it";

/// Reads the settings without malformed variables, so that the other checks can go on.
pub(super) fn read(findings: &mut Findings) -> Option<CtlSettings> {
    let mut dropped: BTreeSet<String> = BTreeSet::new();
    for _pass in 0..3 {
        match CtlSettings::from_env(&env_without(&dropped)) {
            Ok(settings) => {
                missing(&settings, &dropped, findings);
                if findings.count(Level::Fail) == 0 {
                    findings.ok(SETTINGS, "nothing is malformed or missing");
                }
                return Some(settings);
            }
            Err(problems) => {
                told(&problems, &dropped, findings);
                for problem in problems.iter() {
                    dropped.insert(problem.variable().to_owned());
                    dropped.insert(format!("{}_FILE", problem.variable()));
                    if problem.variable() == "LEASE_MS" {
                        // The default lease may be too short for the timeout that is set.
                        dropped.insert("PROVIDER_TIMEOUT_MS".to_owned());
                    }
                }
            }
        }
    }
    let advice = "Mend the settings above and run it again";
    findings.fail(SETTINGS, "the other checks are left out", advice);
    None
}

fn told(problems: &Problems, known: &BTreeSet<String>, findings: &mut Findings) {
    let new = |name: &str| !known.contains(name);
    for problem in problems.iter().filter(|problem| new(problem.variable())) {
        let advice = "Every program refuses to start with it";
        findings.fail(SETTINGS, problem.to_string(), advice);
    }
}

/// Reports missing settings; malformed ones were named already.
fn missing(settings: &CtlSettings, dropped: &BTreeSet<String>, findings: &mut Findings) {
    let all = [
        settings.database().err(),
        settings.provider().err(),
        settings.peppers().err(),
        settings.encryption_keys().err(),
        settings.checkout_public_url().err(),
    ];
    for problem in all.iter().flatten().flat_map(Problems::iter) {
        if !dropped.contains(problem.variable()) {
            findings.fail(SETTINGS, problem.to_string(), SET_IT);
        }
    }
    for warning in settings.warnings.iter() {
        findings.warn(SETTINGS, warning, "");
    }
}

fn env_without(dropped: &BTreeSet<String>) -> Env {
    let kept = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        (!dropped.contains(&name)).then_some((name, value))
    });
    Env::from_pairs::<String, OsString>(kept)
}

/// Checks our own key pair.
pub(super) fn keys(findings: &mut Findings) {
    let env = Env::from_process();
    let reader = env.reader();
    let pem = reader.file("AYOLINX_PRIVATE_KEY_FILE");
    let key = pem.map(|pem| RsaSigningKey::from_pem(&Secret::new(pem)));
    match key {
        Some(Ok(key)) => {
            let text = format!("it loads (`token` says whether the provider knows it); SHA-256 of its public half (SPKI): {}", key.fingerprint());
            findings.ok("private key", text);
        }
        // Named among the settings.
        Some(Err(_)) | None => findings.fail(
            "private key",
            "AYOLINX_PRIVATE_KEY_FILE gives no key",
            "Make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048` and save its \
             public half in the provider's portal",
        ),
    }
}

/// Checks the provider's public keys.
pub(super) fn provider_keys(settings: &CtlSettings, findings: &mut Findings) {
    let keys = settings.provider_public_keys.all();
    if keys.is_empty() {
        findings.fail(
            "public keys",
            "AYOLINX_PUBLIC_KEY_FILES names no key",
            "Download the provider's public key from its portal; without it no callback can be \
             verified and the worker does not start",
        );
        return;
    }
    let prints: Vec<String> = keys.iter().map(RsaVerifyingKey::fingerprint).collect();
    let text = format!(
        "{} load, and are used once a callback comes; SHA-256 (SPKI): {}",
        keys.len(),
        prints.join(", ")
    );
    findings.ok("public keys", text);
}
