//! The authorities that TLS trusts.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// Returns the public certificate authorities, as Mozilla lists them.
#[must_use]
pub fn public_authorities() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

/// Creates a TLS configuration that trusts the public certificate authorities, without a
/// certificate of our own.
///
/// # Errors
/// Fails when the crypto provider supports no protocol version.
pub fn public_roots() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(public_authorities())
        .with_no_client_auth();
    Ok(config)
}
