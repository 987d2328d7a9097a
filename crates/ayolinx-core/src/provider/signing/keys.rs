//! RSA keys, SHA256withRSA (kinds A, C, D), on aws-lc-rs because its private-key operations are constant time.
//! Weak keys and keys that stand in public documents are refused when they are loaded, not when they are used.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, PublicEncryptingKey, PublicKey};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};

use super::published::is_published;
use super::{body_sha256_hex, decode_signature, encode_signature};
use crate::secrets::secret::Secret;

/// The reason why a key or secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM section of the expected kind.
    #[error("no RSA key in PEM form (PKCS#8 or PKCS#1 private, SPKI or PKCS#1 public)")]
    NotPem,
    /// Not an RSA key, damaged, or shorter than 2048 or longer than 8192 bit.
    #[error("not a sound RSA key of 2048 to 8192 bit")]
    Unusable,
    /// The private half is printed in vectors or documents.
    #[error("this key is published in test vectors or documents; make a new one")]
    Published,
    /// [`RsaSigningKey::from_published_test_pem`] was given a key that is not published.
    #[error("not one of the published test keys")]
    NotPublished,
    /// The client secret is empty.
    #[error("the client secret is empty")]
    EmptySecret,
    /// The client secret is a PEM text, not a secret.
    #[error("the client secret looks like a key file")]
    NotAnHmacSecret,
}

/// A private RSA key: signs token requests, or callbacks on the provider's side.
#[derive(Clone)]
pub struct RsaSigningKey {
    pair: Arc<KeyPair>,
    spki_der: Arc<[u8]>,
}

impl RsaSigningKey {
    /// Reads a PKCS#8 or PKCS#1 PEM.
    ///
    /// # Errors
    /// [`KeyError`]; keys from vectors or documents are refused.
    pub fn from_pem(pem: &Secret) -> Result<Self, KeyError> {
        let key = Self::parse(pem)?;
        if is_published(&key.fingerprint()) {
            return Err(KeyError::Published);
        }
        Ok(key)
    }

    /// Does the opposite of [`Self::from_pem`], for the golden tests: takes published keys and nothing else, so that
    /// it is of no use in a running service.
    ///
    /// # Errors
    /// [`KeyError::NotPublished`] for every other key.
    #[doc(hidden)]
    pub fn from_published_test_pem(pem: &Secret) -> Result<Self, KeyError> {
        let key = Self::parse(pem)?;
        if is_published(&key.fingerprint()) {
            Ok(key)
        } else {
            Err(KeyError::NotPublished)
        }
    }

    /// Returns standard base64 of the RSASSA-PKCS1-v1_5 SHA-256 signature; the same for the same message.
    #[must_use]
    pub fn sign_base64(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        match self.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        ) {
            Ok(()) => encode_signature(&signature),
            // Unreachable with a validated key short of memory exhaustion; an empty signature is refused anywhere.
            Err(_unspecified) => String::new(),
        }
    }

    /// Returns the public half as SPKI PEM, the form the provider's portal takes.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        pem_text("PUBLIC KEY", &self.spki_der)
    }

    /// Returns the SHA-256 of the public half's SPKI, lower-case hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        body_sha256_hex(&self.spki_der)
    }

    fn parse(pem: &Secret) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
            .map_err(|_unreadable| KeyError::NotPem)?;
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(_) | _ => return Err(KeyError::Unusable),
        }
        .map_err(|_rejected| KeyError::Unusable)?;
        let spki_der = spki_der(pair.public_key())?;
        Ok(Self {
            pair: Arc::new(pair),
            spki_der,
        })
    }
}

impl fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaSigningKey({})", self.fingerprint())
    }
}

/// A public RSA key: verifies the provider's signatures.
#[derive(Clone)]
pub struct RsaVerifyingKey {
    key: Arc<ParsedPublicKey>,
    spki_der: Arc<[u8]>,
}

impl RsaVerifyingKey {
    /// Reads an SPKI (`PUBLIC KEY`) or PKCS#1 (`RSA PUBLIC KEY`) PEM.
    ///
    /// # Errors
    /// [`KeyError::NotPem`], [`KeyError::Unusable`].
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::all_from_pem(pem)?
            .into_iter()
            .next()
            .ok_or(KeyError::NotPem)
    }

    /// Reads every key of a text that holds one PEM or several, one after the other.
    ///
    /// # Errors
    /// As [`Self::from_pem`], when one of them cannot be used or there is none.
    pub fn all_from_pem(pem: &str) -> Result<Vec<Self>, KeyError> {
        // The PEM reader does not know the PKCS#1 label; the DER parser below takes both forms.
        let labelled = pem.replace("RSA PUBLIC KEY", "PUBLIC KEY");
        let keys: Vec<Self> = SubjectPublicKeyInfoDer::pem_slice_iter(labelled.as_bytes())
            .map(|der| Self::from_der(&der.map_err(|_unreadable| KeyError::NotPem)?))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(KeyError::NotPem);
        }
        Ok(keys)
    }

    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let public = PublicKey::from_der(der).map_err(|_rejected| KeyError::Unusable)?;
        let spki_der = spki_der(&public)?;
        // The range of the verification algorithm is only enforced at use; this one is enforced here.
        PublicEncryptingKey::from_der(&spki_der).map_err(|_rejected| KeyError::Unusable)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &spki_der)
            .map_err(|_rejected| KeyError::Unusable)?;
        Ok(Self {
            key: Arc::new(key),
            spki_der,
        })
    }

    /// Returns whether this is the signature of `message`. Bad base64 is `false`, never a panic.
    #[must_use]
    pub fn verify_base64(&self, message: &[u8], signature: &str) -> bool {
        decode_signature(signature)
            .is_some_and(|bytes| self.key.verify_sig(message, &bytes).is_ok())
    }

    /// Returns the SHA-256 of the SPKI, lower-case hex: names the key in logs.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        body_sha256_hex(&self.spki_der)
    }

    /// Returns whether the private half is known to everybody: callbacks signed with it prove nothing.
    #[must_use]
    pub fn is_published(&self) -> bool {
        is_published(&self.fingerprint())
    }
}

impl fmt::Debug for RsaVerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaVerifyingKey({})", self.fingerprint())
    }
}

fn spki_der(public: &PublicKey) -> Result<Arc<[u8]>, KeyError> {
    let der = public.as_der().map_err(|_unspecified| KeyError::Unusable)?;
    Ok(Arc::from(der.as_ref()))
}

fn pem_text(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
