//! Keys for signing and verifying: from files named on the command line, else from the settings.

use std::fs;
use std::path::{Path, PathBuf};

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{KeyError, RsaSigningKey, RsaVerifyingKey};
use clap::Args;
use settings::Env;
use signature_readings::{Keys, Named};

use crate::failure::Failure;
use crate::terminal::say;

/// Where keys come from when not from the settings.
#[derive(Debug, Default, Args)]
pub(crate) struct KeySource {
    /// The client id, or the client key the provider presents to us. Default: AYOLINX_CLIENT_ID.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// A private RSA key, PEM. Default, for kind token: AYOLINX_PRIVATE_KEY_FILE.
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// The signer's public RSA key, PEM; may be repeated. Default: AYOLINX_PUBLIC_KEY_FILES, and
    /// for kind token our own.
    #[arg(long = "public-key", value_name = "FILE")]
    pub(crate) public_keys: Vec<PathBuf>,
    /// A file with the client secret. Default: AYOLINX_CLIENT_SECRET.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// Reads the keys that the command line names, and the others from the settings, if they are set.
pub(crate) fn read_keys(source: &KeySource, signer_is_us: bool) -> Result<Keys, Failure> {
    let mut keys = Keys {
        client_id: source.client_id.clone(),
        ..Keys::default()
    };
    read_settings(&mut keys)?;
    if let Some(path) = &source.secret_file {
        let given = Named {
            name: "the given secret".to_owned(),
            key: Secret::new(trimmed(&read(path)?)),
        };
        keys.secrets = vec![given];
    }
    if let Some(path) = &source.private_key {
        let key = signing_key_from(path)?;
        let public = public_key(&key.public_key_pem(), "the given private key")?;
        keys.ours = vec![public];
    }
    if !source.public_keys.is_empty() {
        let given: Result<Vec<_>, Failure> = source
            .public_keys
            .iter()
            .map(|path| given_key(path))
            .collect();
        let place = if signer_is_us {
            &mut keys.ours
        } else {
            &mut keys.provider
        };
        *place = given?;
    }
    Ok(keys)
}

fn read_settings(keys: &mut Keys) -> Result<(), Failure> {
    let env = Env::from_process();
    let reader = env.reader();
    if keys.client_id.is_none() {
        keys.client_id = reader.optional("AYOLINX_CLIENT_ID");
    }
    for (variable, name) in [
        ("AYOLINX_CLIENT_SECRET", "the client secret"),
        (
            "AYOLINX_CLIENT_SECRET_PREVIOUS",
            "the previous client secret",
        ),
    ] {
        if let Some(key) = reader.secret(variable) {
            let name = name.to_owned();
            keys.secrets.push(Named { name, key });
        }
    }
    if let Some(pem) = reader.file("AYOLINX_PRIVATE_KEY_FILE") {
        let key = parsed(&Secret::new(pem), "AYOLINX_PRIVATE_KEY_FILE")?;
        keys.ours = vec![public_key(&key.public_key_pem(), "our own key")?];
    }
    let pems = reader.files("AYOLINX_PUBLIC_KEY_FILES");
    reader.finish(Some(()))?;
    let read: Result<Vec<_>, Failure> = pems
        .iter()
        .map(|pem| public_key(pem, "the provider's key"))
        .collect();
    keys.provider = read?;
    Ok(())
}

/// Returns the private key to sign with: the named file's, else, if we are the signer, our own.
pub(crate) fn signing_key(
    source: &KeySource,
    signer_is_us: bool,
) -> Result<Option<RsaSigningKey>, Failure> {
    if let Some(path) = &source.private_key {
        return signing_key_from(path).map(Some);
    }
    if !signer_is_us {
        return Ok(None);
    }
    let env = Env::from_process();
    let reader = env.reader();
    let pem = reader.file("AYOLINX_PRIVATE_KEY_FILE");
    reader.finish(Some(()))?;
    pem.map(|pem| parsed(&Secret::new(pem), "AYOLINX_PRIVATE_KEY_FILE"))
        .transpose()
}

/// Reads a private key, also a published one: here it signs nothing but exercises.
fn signing_key_from(path: &Path) -> Result<RsaSigningKey, Failure> {
    let pem = Secret::new(read(path)?);
    match RsaSigningKey::from_pem(&pem) {
        Err(KeyError::Published) => {
            say("warning: this private key is published; services refuse it");
            RsaSigningKey::from_published_test_pem(&pem)
        }
        other => other,
    }
    .map_err(|error| in_file(path, &error))
}

fn parsed(pem: &Secret, variable: &str) -> Result<RsaSigningKey, Failure> {
    RsaSigningKey::from_pem(pem).map_err(|error| Failure::new(format!("{variable}: {error}")))
}

fn given_key(path: &Path) -> Result<Named<RsaVerifyingKey>, Failure> {
    let key = RsaVerifyingKey::from_pem(&read(path)?).map_err(|error| in_file(path, &error))?;
    let mut named = Named::of(key, "the key");
    named.name.push_str(&format!(" of {}", path.display()));
    Ok(named)
}

fn public_key(pem: &str, whose: &str) -> Result<Named<RsaVerifyingKey>, Failure> {
    let key = RsaVerifyingKey::from_pem(pem)
        .map_err(|error| Failure::new(format!("AYOLINX_PUBLIC_KEY_FILES: {error}")))?;
    Ok(Named::of(key, whose))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| in_file(path, &error))
}

fn in_file(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// Removes one line break at the end, as the settings do with a secret's file.
fn trimmed(text: &str) -> &str {
    let bare = text.strip_suffix('\n').unwrap_or(text);
    bare.strip_suffix('\r').unwrap_or(bare)
}
