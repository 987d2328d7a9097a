//! Token messages: ours to the provider (protocol 4.1) and the provider's to us (protocol 8.7).

use serde::{Deserialize, Serialize};

use super::lenient;

/// Body of a token request, either direction. Signed is only the header pair, not this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRequest {
    /// We send `grantType`; the provider sends `grant_type`.
    #[serde(rename = "grantType", default, deserialize_with = "lenient::text")]
    pub grant_type: Option<String>,
    /// The other spelling, only read.
    #[serde(
        rename = "grant_type",
        default,
        deserialize_with = "lenient::text",
        skip_serializing
    )]
    snake_case: Option<String>,
}

impl TokenRequest {
    /// The only grant there is.
    pub const CLIENT_CREDENTIALS: &'static str = "client_credentials";

    /// Creates the request that we send.
    #[must_use]
    pub fn client_credentials() -> Self {
        Self {
            grant_type: Some(Self::CLIENT_CREDENTIALS.to_owned()),
            snake_case: None,
        }
    }

    /// Returns whether client credentials are asked for, in either spelling.
    #[must_use]
    pub fn is_client_credentials(&self) -> bool {
        self.grant_type.as_deref().or(self.snake_case.as_deref()) == Some(Self::CLIENT_CREDENTIALS)
    }
}

/// Success reply to a token request, read from the provider and written by us. No `Debug`: it holds the token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenResponse {
    /// `2007300`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub response_code: Option<String>,
    /// `Successful`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub response_message: Option<String>,
    /// Opaque.
    #[serde(default, deserialize_with = "lenient::text")]
    pub access_token: Option<String>,
    /// `Bearer`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub token_type: Option<String>,
    /// Seconds, as text or number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expires_in: Option<String>,
}

impl TokenResponse {
    /// Creates our answer to the provider's request.
    #[must_use]
    pub fn issued(token: &str, lifetime_secs: u32) -> Self {
        Self {
            response_code: Some("2007300".to_owned()),
            response_message: Some("Successful".to_owned()),
            access_token: Some(token.to_owned()),
            token_type: Some("Bearer".to_owned()),
            expires_in: Some(lifetime_secs.to_string()),
        }
    }

    /// Returns the life in seconds; `None` when absent, zero or unreadable: never assume one.
    #[must_use]
    pub fn lifetime_secs(&self) -> Option<u32> {
        let text = self.expires_in.as_deref()?.trim();
        let whole = text
            .split_once('.')
            .map_or(text, |(whole, _fraction)| whole);
        whole.parse().ok().filter(|secs| *secs > 0)
    }
}
