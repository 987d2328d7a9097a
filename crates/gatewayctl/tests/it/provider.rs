//! Settings of a provider account, and a provider that is not there.

use std::path::PathBuf;

use crate::rig::{Ctl, TestKey};

/// A provider account whose provider does not answer.
pub(crate) fn away(ctl: Ctl) -> Ctl {
    at(ctl, "http://127.0.0.1:1")
}

/// A provider account at an address.
pub(crate) fn at(ctl: Ctl, base_url: &str) -> Ctl {
    let private: PathBuf = TestKey::shared().private.clone();
    ctl.with("AYOLINX_BASE_URL", base_url)
        .with("AYOLINX_CLIENT_ID", "CK-1")
        .with("AYOLINX_CLIENT_SECRET", "SK-1")
        .with("AYOLINX_PRIVATE_KEY_FILE", private.to_str().unwrap())
}
