//! The token call: kind A signature, and the meaning of its failures. Whatever becomes of it, the
//! call it was for was certainly not sent.

use ayolinx_core::messages::token::{TokenRequest, TokenResponse};
use ayolinx_core::messages::{Envelope, parse, paths};
use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::response_code::ResponseClass;
use ayolinx_core::signing::{RsaSigningKey, sign_token_request};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::outcome::{CodedReply, NotSentReason, TokenFailure};
use crate::secret_pair::Which;
use crate::session::token_cache::Token;
use crate::settings::ProviderSettings;
use crate::telemetry::call_name::Exchange;
use crate::transport::http::{Failure, Post, Reply, Transport};

/// A token, and the other content of its reply.
pub(crate) struct Fetched {
    pub(crate) token: Token,
    pub(crate) life_secs: Option<u32>,
    /// The key of ours that the provider knows.
    pub(crate) signed_with: Which,
    pub(crate) provider_time: Option<DateTime<Utc>>,
}

pub(crate) async fn fetch_token(
    settings: &ProviderSettings,
    transport: &Transport,
    deadline: Instant,
) -> Result<Fetched, NotSentReason> {
    let fetched = with_either_key(settings, transport, deadline).await;
    let outcome = match &fetched {
        Ok(_) => "accepted",
        Err(NotSentReason::NoToken(TokenFailure::Refused(_) | TokenFailure::Blocked(_))) => {
            "refused"
        }
        Err(_) => "failed",
    };
    settings.metrics.token_fetched(outcome);
    match &fetched {
        Ok(fetched) => settings.metrics.private_key_accepted(fetched.signed_with),
        Err(reason) => tracing::warn!(%reason, "no access token from the provider"),
    }
    fetched
}

/// Tries the current key and, once, the previous one where there is one: a refusal says that
/// nothing was issued.
async fn with_either_key(
    settings: &ProviderSettings,
    transport: &Transport,
    deadline: Instant,
) -> Result<Fetched, NotSentReason> {
    let fetched = request(settings, &settings.signing_key, transport, deadline).await;
    match (&fetched, &settings.signing_key_previous) {
        (Err(NotSentReason::NoToken(TokenFailure::Refused(_))), Some(previous)) => {
            let again = request(settings, previous, transport, deadline).await;
            again.map_or(fetched, |fetched| {
                Ok(Fetched {
                    signed_with: Which::Previous,
                    ..fetched
                })
            })
        }
        _ => fetched,
    }
}

async fn request(
    settings: &ProviderSettings,
    key: &RsaSigningKey,
    transport: &Transport,
    deadline: Instant,
) -> Result<Fetched, NotSentReason> {
    let now = Utc::now();
    let timestamp = format_jakarta(now);
    let signature = sign_token_request(key, &settings.client_id, &timestamp);
    let body = settings
        .json_style
        .serialise(&TokenRequest::client_credentials())
        .map_err(|_unserialisable| NotSentReason::Incomplete("token request"))?;
    let mut headers = vec![
        ("X-TIMESTAMP", timestamp),
        ("X-CLIENT-KEY", settings.client_id.clone()),
        ("X-SIGNATURE", signature),
    ];
    headers.extend(settings.channel_header());
    let post = Post {
        what: Exchange::TOKEN,
        path: paths::TOKEN,
        headers,
        body,
    };
    match transport.post(post, deadline).await {
        Ok(reply) => token_of(&reply, now).map_err(NotSentReason::NoToken),
        Err(Failure::NotSent(reason)) => Err(reason),
        Err(Failure::Unknown(crate::outcome::UnknownReason::Timeout)) => {
            Err(NotSentReason::NoToken(TokenFailure::Timeout))
        }
        Err(Failure::Unknown(_) | Failure::Protocol(_)) => {
            Err(NotSentReason::NoToken(TokenFailure::Unusable))
        }
    }
}

fn token_of(reply: &Reply, asked_at: DateTime<Utc>) -> Result<Fetched, TokenFailure> {
    let Ok(envelope) = parse::<Envelope>(&reply.body) else {
        return Err(match reply.status {
            401 | 403 => TokenFailure::Blocked(reply.status),
            429 => TokenFailure::Throttled,
            _ => TokenFailure::Unusable,
        });
    };
    match envelope.code.class() {
        ResponseClass::Success => {}
        ResponseClass::Throttled => return Err(TokenFailure::Throttled),
        ResponseClass::Unauthorized | ResponseClass::Refused | ResponseClass::NotFound => {
            return Err(TokenFailure::Refused(CodedReply::of(&envelope)));
        }
        _ if envelope.code.as_str().is_empty() => return Err(TokenFailure::Unusable),
        _ => return Err(TokenFailure::Errored(CodedReply::of(&envelope))),
    }
    let response: TokenResponse = parse(&reply.body).map_err(|_odd| TokenFailure::Unusable)?;
    let life_secs = response.lifetime_secs();
    let value = response.access_token.ok_or(TokenFailure::Unusable)?;
    let token = Token::issued(value, life_secs, asked_at.timestamp_millis());
    Ok(Fetched {
        token: token.ok_or(TokenFailure::Unusable)?,
        life_secs,
        signed_with: Which::Current,
        provider_time: reply.provider_time,
    })
}
