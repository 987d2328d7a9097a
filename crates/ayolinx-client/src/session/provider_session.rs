//! A signed call with everything around it: token, one re-authentication, one new `X-EXTERNAL-ID`, one deadline;
//! and, while our client secret rotates, the other of the two where the signature is refused, once for each token.

use ayolinx_core::messages::{Envelope, parse};
use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::response_code::{ResponseClass, ResponseCode};
use ayolinx_core::signing::{ApiCall, sign_api_call};
use chrono::Utc;
use tokio::time::Instant;

use crate::outcome::{
    Alarm, CodedReply, NotSentReason, Outcome, ProtocolReason, Stop, UnknownReason,
};
use crate::secret_pair::Which;
use crate::session::external_id::external_id;
use crate::session::token_cache::{Token, TokenCache};
use crate::session::token_fetch::fetch_token;
use crate::settings::ProviderSettings;
use crate::telemetry::call_name::Exchange;
use crate::transport::http::{Failure, Post, Reply, Transport};

/// The things that every exchange needs.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) settings: &'a ProviderSettings,
    pub(crate) transport: &'a Transport,
    pub(crate) tokens: &'a TokenCache,
}

/// One call, already serialised: the bytes that are hashed are the bytes that travel.
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Line<'_> {
    /// Sends a call. Returns the body of a reply whose `responseCode` says success.
    pub(crate) async fn exchange(
        &self,
        what: Exchange<'_>,
        call: &Call,
        deadline: Instant,
    ) -> Result<Vec<u8>, Stop> {
        let secrets = &self.settings.client_secret;
        let mut secret = secrets.first();
        let mut other_secret = secrets.other_than(secret);
        let mut token = self.token(None, deadline).await?;
        let mut reauthenticated = false;
        let mut renumbered: Option<CodedReply> = None;
        loop {
            let reply = match self.attempt(what, call, (&token, secret), deadline).await {
                Ok(reply) => reply,
                Err(failure) => return Err(stop_of(failure, renumbered)),
            };
            let envelope = envelope_of(&reply)?;
            match envelope.code.class() {
                // A provider that looks for the payment has accepted our signature.
                class @ (ResponseClass::Success | ResponseClass::NotFound) => {
                    secrets.accepted(secret);
                    self.settings.metrics.client_secret_accepted(secret);
                    return match class {
                        ResponseClass::Success => Ok(reply.body),
                        other => Err(refusal(other, &envelope, &reply)),
                    };
                }
                // A refused call was not done: it is sent again, signed as the provider may want it.
                class @ ResponseClass::Unauthorized => {
                    let about_signature = reauthenticated || names_the_signature(&envelope.code);
                    if let Some(other) = other_secret.take_if(|_| about_signature) {
                        secret = other;
                    } else if reauthenticated {
                        return Err(refusal(class, &envelope, &reply));
                    } else {
                        reauthenticated = true;
                        token = self.token(Some(&token), deadline).await?;
                        secret = secrets.first();
                        other_secret = secrets.other_than(secret);
                    }
                }
                ResponseClass::ExternalIdReused if renumbered.is_none() => {
                    renumbered = Some(CodedReply::of(&envelope));
                }
                class => return Err(refusal(class, &envelope, &reply)),
            }
        }
    }

    async fn token(&self, refused: Option<&Token>, deadline: Instant) -> Result<Token, Stop> {
        let fetch = async |deadline: Instant| {
            let fetched = fetch_token(self.settings, self.transport, deadline).await?;
            Ok(fetched.token)
        };
        let token = self.tokens.get(refused, deadline, fetch).await;
        token.map_err(Stop::not_sent)
    }

    async fn attempt(
        &self,
        what: Exchange<'_>,
        call: &Call,
        (token, secret): (&Token, Which),
        deadline: Instant,
    ) -> Result<Reply, Failure> {
        let now = Utc::now();
        let timestamp = format_jakarta(now);
        let signed = ApiCall {
            path: call.path,
            token: token.expose(),
            body: &call.body,
            timestamp: &timestamp,
        };
        let signature = sign_api_call(self.settings.client_secret.get(secret), &signed);
        let mut headers = vec![
            ("X-PARTNER-ID", self.settings.client_id.clone()),
            ("X-EXTERNAL-ID", external_id(now)),
            ("X-SIGNATURE", signature),
            ("Authorization", format!("Bearer {}", token.expose())),
            ("X-TIMESTAMP", timestamp),
        ];
        headers.extend(self.settings.channel_header());
        let post = Post {
            what,
            path: call.path,
            headers,
            body: call.body.clone(),
        };
        self.transport.post(post, deadline).await
    }
}

/// Returns whether the refusal is about the signature. `401…01` is about the token: with an old one, another secret
/// would not help.
fn names_the_signature(code: &ResponseCode) -> bool {
    code.case() == Some("00")
}

/// Returns the body of a last reply whose `responseCode` says success.
pub(crate) fn success_of(reply: Reply) -> Result<Vec<u8>, Stop> {
    let envelope = envelope_of(&reply)?;
    match envelope.code.class() {
        ResponseClass::Success => Ok(reply.body),
        class => Err(refusal(class, &envelope, &reply)),
    }
}

/// Turns a failure into an outcome. It is unknown what the provider did with a request whose number it saw before.
fn stop_of(failure: Failure, renumbered: Option<CodedReply>) -> Stop {
    match failure {
        Failure::NotSent(reason) => match renumbered {
            Some(refused) => Stop::unknown(UnknownReason::ExternalIdRefused(refused)),
            None => Stop::not_sent(reason),
        },
        Failure::Unknown(reason) => Stop::unknown(reason),
        Failure::Protocol(reason) => Stop::protocol(reason),
    }
}

fn envelope_of(reply: &Reply) -> Result<Envelope, Stop> {
    parse::<Envelope>(&reply.body)
        .ok()
        .filter(|envelope| !envelope.code.as_str().is_empty())
        .ok_or(Outcome::Protocol {
            reason: ProtocolReason::NotJson,
            alarm: match reply.status {
                401 | 403 => Alarm::Configuration,
                _ => Alarm::Quiet,
            },
        })
}

/// Applies the contract's outcome table to a reply in JSON that is no success.
fn refusal(class: ResponseClass, envelope: &Envelope, reply: &Reply) -> Stop {
    let said = CodedReply::of(envelope);
    match class {
        ResponseClass::Unauthorized => Stop::AuthenticationRefused(said),
        ResponseClass::Throttled => Stop::Throttled {
            retry_after: reply.retry_after,
            reply: said,
        },
        ResponseClass::ExternalIdReused => Stop::unknown(UnknownReason::ExternalIdRefused(said)),
        ResponseClass::ReferenceExists => Stop::unknown(UnknownReason::ReferenceExists(said)),
        ResponseClass::InconsistentRequest => {
            Stop::unknown(UnknownReason::InconsistentRequest(said))
        }
        ResponseClass::InProgress => Stop::unknown(UnknownReason::InProgress(said)),
        ResponseClass::Refused | ResponseClass::NotFound => Stop::Rejected(said),
        ResponseClass::Unknown | ResponseClass::Success => {
            Stop::unknown(UnknownReason::ProviderError(said))
        }
    }
}

/// Returns the outcome of a call that cannot be built and so is not sent.
pub(crate) fn incomplete(what: &'static str) -> Stop {
    Stop::not_sent(NotSentReason::Incomplete(what))
}
