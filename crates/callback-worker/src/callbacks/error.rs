//! The errors of the edge, named by what the provider should do about them.

/// The failure to store or look up a callback or token: the provider is asked to send again.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("storage is away")]
pub struct StorageAway;

/// The reason why a request's body was not taken; nothing was verified or stored.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum BodyRefused {
    /// A content encoding: what is signed would not be what is read.
    #[error("content encoding is not accepted")]
    Encoded,
    /// A body over 64 KiB.
    #[error("body is too large")]
    TooLarge,
    /// A body that was not complete within 3 s.
    #[error("body came too slowly")]
    TooSlow,
    /// A broken connection or wrong framing.
    #[error("body is incomplete")]
    Broken,
}

impl BodyRefused {
    /// Returns the name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Encoded => "body_encoded",
            Self::TooLarge => "body_too_large",
            Self::TooSlow => "body_too_slow",
            Self::Broken => "body_broken",
        }
    }
}
