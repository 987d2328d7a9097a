//! A stand-in for the payment provider: it speaks the documented protocol, checks signatures as strictly, sends
//! signed callbacks, and misbehaves on demand. For development and tests only; no money moves here. Settings are
//! `SANDBOX_*` ([`SandboxSettings`]); the control side is under `/_sandbox/` (`http::control`, `provider::faults`).

mod callbacks;
mod http;
mod protocol;
mod provider;
mod service;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use crate::http::server::{RunningSandbox, start};
pub use crate::protocol::behaviours::{Reading, Readings};
pub use crate::protocol::body_encoding::BodySpelling;
pub use crate::provider::settings::{CallbackMode, SandboxSettings};

/// The reason why the sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is malformed.
    #[error("{name} {reason}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// The problem of the value.
        reason: String,
    },
    /// A key file or the journal cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The problem of the file.
        reason: String,
    },
    /// The address cannot be had.
    #[error("cannot listen on {bind}")]
    Bind {
        /// The address.
        bind: SocketAddr,
        /// The cause of the failure.
        source: io::Error,
    },
}

impl StartError {
    fn setting(name: &'static str, reason: &str) -> Self {
        Self::Setting {
            name,
            reason: reason.to_owned(),
        }
    }

    fn file(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
