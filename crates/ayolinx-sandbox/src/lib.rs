//! A stand-in for the payment provider: it speaks the documented protocol, checks signatures as strictly,
//! sends signed callbacks, and misbehaves on demand. For development and tests only; no money moves here.
//! Settings are `SANDBOX_*` ([`SandboxSettings`]); the control side is under `/_sandbox/` (`control.rs`, `faults.rs`).

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

mod admissions;
mod api;
mod artefacts;
mod calls;
mod channels;
mod clock;
mod connection;
mod control;
mod courier;
mod credentials;
mod faults;
mod fields;
mod gate;
mod journal;
mod json_tree;
mod keys;
mod notification;
mod readings;
mod refusal;
mod requests;
mod sandbox;
mod server;
mod service;
mod settings;
mod settle;
mod spelling;
mod store;
mod transaction;

pub use readings::{Reading, Readings};
pub use server::{RunningSandbox, start};
pub use settings::{CallbackMode, SandboxSettings};
pub use spelling::BodySpelling;

/// Why the sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is malformed.
    #[error("{name} {reason}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A key file or the journal cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The address cannot be had.
    #[error("cannot listen on {bind}")]
    Bind {
        /// The address.
        bind: SocketAddr,
        /// Why.
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
