//! The five kinds, and the parts a string to sign is made of.

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    api_string_to_sign, body_sha256_hex, callback_string_to_sign, token_string_to_sign,
};

/// The kinds of signed messages (protocol 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Our token request (kind A).
    Token,
    /// Any other call of ours (kind B).
    Api,
    /// The provider's callback without a token (kind C).
    Callback,
    /// The provider's token request to us (kind D).
    SnapToken,
    /// The provider's SNAP callback with our token (kind E).
    SnapCallback,
}

impl Kind {
    /// Returns the kind with its algorithm and key, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Token => "A, token request: RSA-SHA256 with our private key",
            Self::Api => "B, API call: HMAC-SHA512 with the client secret",
            Self::Callback => "C, callback: RSA-SHA256 with the provider's private key",
            Self::SnapToken => "D, token request to us: RSA-SHA256 with the provider's private key",
            Self::SnapCallback => "E, SNAP callback: HMAC-SHA512 with the client secret",
        }
    }

    /// Returns its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Api => "api",
            Self::Callback => "callback",
            Self::SnapToken => "snap-token",
            Self::SnapCallback => "snap-callback",
        }
    }

    /// Returns whether a path and the body's hash are signed; else an id is.
    #[must_use]
    pub const fn signs_body(self) -> bool {
        matches!(self, Self::Api | Self::Callback | Self::SnapCallback)
    }

    /// Returns whether a token is signed.
    #[must_use]
    pub const fn signs_token(self) -> bool {
        matches!(self, Self::Api | Self::SnapCallback)
    }

    /// Returns whether an RSA key signs; else the client secret does.
    #[must_use]
    pub const fn uses_rsa(self) -> bool {
        !self.signs_token()
    }

    /// Returns whether our own key pair signs, and not the provider's.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Token)
    }

    /// Returns whether the worker receives it, and so forgives a few readings (contract 5).
    #[must_use]
    pub const fn is_callback(self) -> bool {
        matches!(self, Self::Callback | Self::SnapCallback)
    }
}

/// Everything that may be signed; a kind uses some of it.
#[derive(Clone)]
pub struct Parts {
    /// The kind of the signed message.
    pub kind: Kind,
    /// Our client id, or the provider's client key.
    pub client_id: String,
    /// The path, without host and query.
    pub path: String,
    /// The origins at which the path may be: signers are known to sign the whole URL.
    pub origins: Vec<String>,
    /// The part that followed `?`, as received.
    pub query: Option<String>,
    /// The token, without `Bearer `.
    pub token: Secret,
    /// `X-TIMESTAMP` as sent.
    pub timestamp: String,
    /// The exact bytes.
    pub body: Vec<u8>,
}

impl Parts {
    /// Returns the string that the kind's rule gives.
    #[must_use]
    pub fn string_to_sign(&self) -> String {
        let hash = body_sha256_hex(&self.body);
        match self.kind {
            Kind::Token | Kind::SnapToken => token_string_to_sign(&self.client_id, &self.timestamp),
            Kind::Callback => callback_string_to_sign(&self.path, &hash, &self.timestamp),
            Kind::Api | Kind::SnapCallback => {
                api_string_to_sign(&self.path, self.token.expose(), &hash, &self.timestamp)
            }
        }
    }
}
