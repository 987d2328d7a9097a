//! The five kinds, and the parts a string to sign is made of.

use ayolinx_core::signing::{
    api_string_to_sign, body_sha256_hex, callback_string_to_sign, token_string_to_sign,
};
use clap::ValueEnum;
use settings::Env;

/// What is signed (protocol 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
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

impl Kind {
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Token => "A, token request: RSA-SHA256 with our private key",
            Self::Api => "B, API call: HMAC-SHA512 with the client secret",
            Self::Callback => "C, callback: RSA-SHA256 with the provider's private key",
            Self::SnapToken => "D, token request to us: RSA-SHA256 with the provider's private key",
            Self::SnapCallback => "E, SNAP callback: HMAC-SHA512 with the client secret",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Api => "api",
            Self::Callback => "callback",
            Self::SnapToken => "snap-token",
            Self::SnapCallback => "snap-callback",
        }
    }

    /// Whether a path and the body's hash are signed; else an id is.
    pub(crate) const fn signs_body(self) -> bool {
        matches!(self, Self::Api | Self::Callback | Self::SnapCallback)
    }

    pub(crate) const fn signs_token(self) -> bool {
        matches!(self, Self::Api | Self::SnapCallback)
    }

    pub(crate) const fn uses_rsa(self) -> bool {
        !self.signs_token()
    }

    /// Whether our own key pair signs, and not the provider's.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Token)
    }

    /// Whether the worker receives it, and so forgives a few readings (contract 5).
    pub(crate) const fn is_callback(self) -> bool {
        matches!(self, Self::Callback | Self::SnapCallback)
    }
}

/// The origins that the settings name: the provider's, and ours toward it.
pub(crate) fn known_origins() -> Vec<String> {
    let env = Env::from_process();
    let reader = env.reader();
    ["AYOLINX_BASE_URL", "CALLBACK_PUBLIC_URL"]
        .into_iter()
        .filter_map(|name| reader.optional(name))
        .collect()
}

/// Everything that may be signed; a kind uses some of it.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) kind: Kind,
    pub(crate) client_id: String,
    pub(crate) path: String,
    /// Where the path may be: signers are known to sign the whole URL.
    pub(crate) origins: Vec<String>,
    /// What followed `?`, as received.
    pub(crate) query: Option<String>,
    /// Without `Bearer `.
    pub(crate) token: String,
    pub(crate) timestamp: String,
    pub(crate) body: Vec<u8>,
}

impl Parts {
    /// The string that the kind's rule gives.
    pub(crate) fn string_to_sign(&self) -> String {
        let hash = body_sha256_hex(&self.body);
        match self.kind {
            Kind::Token | Kind::SnapToken => token_string_to_sign(&self.client_id, &self.timestamp),
            Kind::Callback => callback_string_to_sign(&self.path, &hash, &self.timestamp),
            Kind::Api | Kind::SnapCallback => {
                api_string_to_sign(&self.path, &self.token, &hash, &self.timestamp)
            }
        }
    }
}
