//! The five kinds as the command line names them.

use clap::ValueEnum;
use signature_readings::Kind;

/// What is signed (protocol 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    /// Our token request (kind A).
    #[value(alias = "A", alias = "a")]
    Token,
    /// Any other call of ours (kind B).
    #[value(alias = "B", alias = "b")]
    Api,
    /// The provider's callback without a token (kind C).
    #[value(alias = "C", alias = "c")]
    Callback,
    /// The provider's token request to us (kind D).
    #[value(alias = "D", alias = "d")]
    SnapToken,
    /// The provider's SNAP callback with our token (kind E).
    #[value(alias = "E", alias = "e")]
    SnapCallback,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Token => Self::Token,
            KindName::Api => Self::Api,
            KindName::Callback => Self::Callback,
            KindName::SnapToken => Self::SnapToken,
            KindName::SnapCallback => Self::SnapCallback,
        }
    }
}
