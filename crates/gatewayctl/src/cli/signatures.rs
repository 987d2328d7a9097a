//! What can be typed about signatures: what is signed, with which keys, and what to find out.

use std::path::PathBuf;

use clap::Args;

use crate::signatures::{KeySource, KindName};

#[derive(Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) parts: SignedParts,
    #[command(flatten)]
    pub(crate) keys: KeySource,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) parts: Option<SignedParts>,
    #[command(flatten)]
    pub(crate) keys: KeySource,
    /// The X-SIGNATURE header.
    #[arg(long, value_name = "BASE64", allow_hyphen_values = true)]
    pub(crate) signature: Option<String>,
    /// The string that somebody else says is to be signed: shows where it parts from ours.
    #[arg(long, value_name = "STRING", allow_hyphen_values = true)]
    pub(crate) expected_string: Option<String>,
    /// Replay the callbacks that the worker refused (kept for 24 hours).
    #[arg(long, conflicts_with_all = ["signature", "expected_string", "kind"])]
    pub(crate) rejected: bool,
    /// With --rejected: at most so many, newest first.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub(crate) limit: i64,
}

#[derive(Debug, Args)]
pub(crate) struct SignedParts {
    /// Which signature; the letters A to E of the protocol are understood too.
    #[arg(long)]
    pub(crate) kind: KindName,
    /// The path that is called, such as /v1.0/qr/qr-mpm-generate. Kinds api, callback, snap-callback.
    #[arg(long)]
    pub(crate) path: Option<String>,
    /// What followed `?` in the callback's URL, to try it as part of the route.
    #[arg(long)]
    pub(crate) query: Option<String>,
    /// The access token. Kinds api, snap-callback.
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) token: Option<String>,
    /// The X-TIMESTAMP header. Default, when signing: now.
    #[arg(long)]
    pub(crate) timestamp: Option<String>,
    /// The file with the body's exact bytes; - is stdin. Kinds api, callback, snap-callback.
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
}
