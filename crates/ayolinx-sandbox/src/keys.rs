//! Key files made at first start: the provider's pair, and a merchant pair for development when none is given.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::RsaSigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::StartError;

/// Reads `<name>_private.pem`, or makes it together with `<name>_public.pem`.
pub(crate) fn load_or_make(directory: &Path, name: &str) -> Result<RsaSigningKey, StartError> {
    let private = directory.join(format!("{name}_private.pem"));
    let pem = match fs::read_to_string(&private) {
        Ok(text) => Secret::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::create_dir_all(directory).map_err(|error| StartError::file(directory, &error))?;
            make(&private)?
        }
        Err(error) => return Err(StartError::file(&private, &error)),
    };
    let key = RsaSigningKey::from_pem(&pem).map_err(|error| StartError::file(&private, &error))?;
    let public = directory.join(format!("{name}_public.pem"));
    fs::write(&public, key.public_key_pem()).map_err(|error| StartError::file(&public, &error))?;
    Ok(key)
}

fn make(path: &Path) -> Result<Secret, StartError> {
    let pair =
        KeyPair::generate(KeySize::Rsa2048).map_err(|error| StartError::file(path, &error))?;
    let der = pair
        .as_der()
        .map_err(|error| StartError::file(path, &error))?;
    let pem = Secret::new(pem("PRIVATE KEY", der.as_ref()));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(pem.expose().as_bytes()))
        .map_err(|error| StartError::file(path, &error))?;
    Ok(pem)
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (position, letter) in STANDARD.encode(der).chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}
