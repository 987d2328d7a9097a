//! Finds the string and the key that a signature is made of.

use ayolinx_core::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha512};

use super::keys::Keys;
use super::kind::{Kind, Parts};
use super::readings::{Difference, readings_of};
use super::written::{Written, hex, readings_of as ways_of_writing};

/// The string and key that a signature turned out to be of.
pub struct Found {
    /// The string that was signed.
    pub string: String,
    /// The key, in words.
    pub key: String,
    /// The differences from the rule.
    pub differences: Vec<Difference>,
}

impl Found {
    /// Returns every difference, in words.
    #[must_use]
    pub fn reasons(&self) -> String {
        let texts = self.differences.iter().map(|one| one.text.as_str());
        texts.collect::<Vec<_>>().join("; ")
    }

    /// Returns whether the receiver that it is meant for accepts it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.differences.iter().all(|found| found.forgiven)
    }
}

struct Signer {
    key: String,
    difference: Option<Difference>,
}

/// Returns the string and key of this signature that differ least from the rule; `None` when none
/// of the known ones gives it.
#[must_use]
pub fn explain(parts: &Parts, keys: &Keys, signature: &str) -> Option<Found> {
    let written = ways_of_writing(signature);
    let mut best: Option<Found> = None;
    for reading in readings_of(parts, keys.secrets.first().map(|named| &named.key)) {
        let so_far = best.as_ref().map(|found| found.differences.len());
        if so_far.is_some_and(|fewest| fewest <= reading.differences.len()) {
            break;
        }
        for way in &written {
            let signers = signers_of(parts.kind, keys, reading.string.as_bytes(), way);
            for signer in signers {
                let mut differences = reading.differences.clone();
                differences.extend(way.difference.clone());
                differences.extend(signer.difference);
                let fewest = best.as_ref().map(|found| found.differences.len());
                if fewest.is_none_or(|fewest| differences.len() < fewest) {
                    best = Some(Found {
                        string: reading.string.clone(),
                        key: signer.key,
                        differences,
                    });
                }
            }
        }
    }
    best
}

/// Returns every key that makes these bytes the signature of this message.
fn signers_of(kind: Kind, keys: &Keys, message: &[u8], way: &Written) -> Vec<Signer> {
    let mut signers = secret_signers(kind, keys, message, &way.bytes);
    signers.extend(rsa_signers(kind, keys, message, &way.bytes));
    signers
}

fn secret_signers(kind: Kind, keys: &Keys, message: &[u8], bytes: &[u8]) -> Vec<Signer> {
    let mut signers = Vec::new();
    for (index, named) in keys.secrets.iter().enumerate() {
        let long = long_mac(&named.key, message).is_some_and(|mac| mac == bytes);
        let short = short_mac(&named.key, message).is_some_and(|mac| mac == bytes);
        if !long && !short {
            continue;
        }
        let key = named.name.clone();
        let difference = if kind.uses_rsa() {
            Some(Difference::wrong(format!(
                "it is an HMAC with {key}; an RSA signature belongs there"
            )))
        } else if short {
            Some(Difference::wrong(format!(
                "it is an HMAC-SHA256 with {key}; HMAC-SHA512 belongs there"
            )))
        } else if index > 0 {
            Some(Difference {
                text: format!("{key} signed it"),
                // Only an incoming callback may still bear the old secret's signature (contract 3).
                forgiven: kind == Kind::SnapCallback,
            })
        } else {
            None
        };
        signers.push(Signer { key, difference });
    }
    if signers.is_empty() && !kind.uses_rsa() {
        signers.extend(misread_secrets(keys, message, bytes));
    }
    signers
}

/// Returns the signers whose secrets were read wrongly: with their file's newline, or decoded.
fn misread_secrets(keys: &Keys, message: &[u8], bytes: &[u8]) -> Vec<Signer> {
    let mut signers = Vec::new();
    for named in &keys.secrets {
        let text = named.key.expose();
        let key = &named.name;
        let forms = [
            (
                Some(format!("{text}\n").into_bytes()),
                format!("{key} was taken with the newline at the end of its file"),
            ),
            (
                STANDARD.decode(text).ok(),
                format!("{key} was decoded from base64; its letters are the key as they are"),
            ),
            (
                hex(text),
                format!("{key} was decoded from hex; its letters are the key as they are"),
            ),
        ];
        for (form, said) in forms {
            let mac = form.and_then(|form| long_mac_of(&form, message));
            if mac.is_some_and(|mac| mac == bytes) {
                signers.push(Signer {
                    key: key.clone(),
                    difference: Some(Difference::wrong(said)),
                });
            }
        }
    }
    signers
}

fn rsa_signers(kind: Kind, keys: &Keys, message: &[u8], bytes: &[u8]) -> Vec<Signer> {
    let text = STANDARD.encode(bytes);
    let provider = keys.provider.iter().map(|named| (false, named));
    let all = keys.ours.iter().map(|named| (true, named)).chain(provider);
    all.filter(|(_, named)| named.key.verify_base64(message, &text))
        .map(|(ours, named)| {
            let key = named.name.clone();
            let difference = if !kind.uses_rsa() {
                Some(format!(
                    "it is an RSA signature of {key}; an HMAC-SHA512 with the client secret belongs there"
                ))
            } else if ours != kind.is_ours() {
                let right = if ours { "the provider's" } else { "ours" };
                Some(format!("{key} signed it; it should be {right}"))
            } else {
                None
            };
            Signer {
                key,
                difference: difference.map(Difference::wrong),
            }
        })
        .collect()
}

/// Computes HMAC-SHA512 over the bytes.
fn long_mac(secret: &Secret, message: &[u8]) -> Option<Vec<u8>> {
    long_mac_of(secret.expose().as_bytes(), message)
}

fn long_mac_of(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let mac = Hmac::<Sha512>::new_from_slice(key).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}

/// Computes HMAC-SHA256, which one page of the provider asks for (protocol 3.5).
fn short_mac(secret: &Secret, message: &[u8]) -> Option<Vec<u8>> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}
