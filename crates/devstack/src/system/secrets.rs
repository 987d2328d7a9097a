//! Keys and secrets for one stack. They are worth nothing elsewhere, and made so that nobody is
//! tempted to commit or reuse fixed ones.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::{SecureRandom, SystemRandom},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::system::error::{Attempting, Trouble};

const PEM_LINE: usize = 64;

/// The shop's key pair as files, made unless they exist.
#[derive(Debug, Clone)]
pub(crate) struct MerchantKeys {
    pub(crate) private: PathBuf,
    pub(crate) public: PathBuf,
}

impl MerchantKeys {
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, Trouble> {
        let keys = Self {
            private: folder.join("merchant_private.pem"),
            public: folder.join("merchant_public.pem"),
        };
        if !(keys.private.is_file() && keys.public.is_file()) {
            keys.make()?;
        }
        Ok(keys)
    }

    fn make(&self) -> Result<(), Trouble> {
        let attempt = "make an RSA key pair";
        let pair = KeyPair::generate(KeySize::Rsa2048).attempting(attempt)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).attempting(attempt)?;
        let public =
            AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).attempting(attempt)?;
        write_private(&self.private, &pem("PRIVATE KEY", private.as_ref()))?;
        write_private(&self.public, &pem("PUBLIC KEY", public.as_ref()))
    }
}

/// Replaces a file that only we can read. It is complete or absent, never half-written.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Trouble> {
    let new = path.with_extension("new");
    let write = || {
        fs::remove_file(&new).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, path)
    };
    write().attempting(format!("write {}", path.display()))
}

/// Draws 64 hex digits nobody can guess.
pub(crate) fn random_hex() -> Result<String, Trouble> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .attempting("draw random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<String> = encoded
        .as_bytes()
        .chunks(PEM_LINE)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let body = lines.join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::system::directories::Throwaway;

    #[test]
    fn a_key_pair_is_made_once_and_is_private() {
        let folder = Throwaway::new(None).unwrap();
        let keys = MerchantKeys::in_folder(folder.path()).unwrap();
        let first = fs::read_to_string(&keys.private).unwrap();
        assert!(first.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(first.lines().all(|line| line.len() <= 64));
        let mode = fs::metadata(&keys.private).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        MerchantKeys::in_folder(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&keys.private).unwrap(), first);
    }

    #[test]
    fn random_secrets_differ() {
        assert_ne!(random_hex().unwrap(), random_hex().unwrap());
        assert_eq!(random_hex().unwrap().len(), 64);
    }
}
