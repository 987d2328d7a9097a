//! Key files made at first start: the provider's pair, and a merchant pair for development when none is given.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::RsaSigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::StartError;

/// Reads `<name>_private.pem`, or makes it, and ensures that `<name>_public.pem` is its other half.
pub(crate) fn load_or_make(directory: &Path, name: &str) -> Result<RsaSigningKey, StartError> {
    let private = directory.join(format!("{name}_private.pem"));
    if !private.exists() {
        fs::create_dir_all(directory).map_err(|error| StartError::file(directory, &error))?;
        let pem = make().map_err(|error| StartError::file(&private, &error))?;
        place(&private, pem.expose(), Existing::Kept)
            .map_err(|error| StartError::file(&private, &error))?;
    }
    let pem = fs::read_to_string(&private)
        .map(Secret::new)
        .map_err(|error| StartError::file(&private, &error))?;
    let key = RsaSigningKey::from_pem(&pem).map_err(|error| StartError::file(&private, &error))?;
    let public = directory.join(format!("{name}_public.pem"));
    if fs::read_to_string(&public).ok() != Some(key.public_key_pem()) {
        place(&public, &key.public_key_pem(), Existing::Replaced)
            .map_err(|error| StartError::file(&public, &error))?;
    }
    Ok(key)
}

/// Makes a new private key as PEM.
pub(crate) fn make() -> Result<Secret, Unspecified> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der = pair.as_der()?;
    Ok(Secret::new(pem("PRIVATE KEY", der.as_ref())))
}

/// The treatment of an existing file of that name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Kept,
    Replaced,
}

/// Puts a whole file there at once: a reader never sees half a key, two starters agree on one.
fn place(path: &Path, text: &str, existing: Existing) -> io::Result<()> {
    let draft = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let mode = match existing {
        Existing::Kept => 0o600,
        Existing::Replaced => 0o644,
    };
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if existing == Existing::Replaced {
        return fs::rename(&draft, path);
    }
    let linked = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    };
    linked.and(fs::remove_file(&draft))
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
