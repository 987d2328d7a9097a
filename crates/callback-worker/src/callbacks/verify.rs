//! Decides whether a callback is the provider's, on the received bytes, before anything is parsed.
//!
//! `Authorization` decides the kind: present, only the HMAC of kind E counts; absent, only the RSA
//! signature of kind C. A [`VerifiedCallback`] can be made nowhere else.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::Bytes;
use ayolinx_core::json_style::{minify, without_byte_order_mark};
use ayolinx_core::messages::MessageError;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::messages::paths;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    self, ApiCall, ClientSecret, RsaVerifyingKey, SignedCallback, verify_callback,
    verify_snap_callback,
};
use chrono::{DateTime, Utc};
use service_shell::bearer;
use sha2::{Digest, Sha256};
use signature_readings::Keys;

use crate::callbacks::callback_path::CallbackPath;

mod findings;

pub use findings::{Freshness, KeyName, MatchedBody, MatchedRoute, RejectReason, SignatureKind};

const SIGNATURE: &str = "x-signature";
const TIMESTAMP: &str = "x-timestamp";

/// The keys every callback is checked against; each list is for rotation.
#[derive(Debug, Clone)]
pub struct Verifier {
    provider_public_keys: Vec<(KeyName, RsaVerifyingKey)>,
    client_secrets: Vec<(KeyName, ClientSecret)>,
}

/// A callback as it arrived.
#[derive(Debug, Clone)]
pub struct Received<'a> {
    /// The path where it arrived.
    pub path: CallbackPath,
    /// The path as received; its slashes may be others than the mounted one's.
    pub received_path: &'a str,
    /// The text after `?`, as received.
    pub query: Option<&'a str>,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The exact bytes.
    pub body: Bytes,
    /// Time when its head was read.
    pub received_at: DateTime<Utc>,
}

/// The result of verification.
#[derive(Debug)]
pub enum Verdict {
    /// Signed by the provider's RSA key.
    Verified(Box<VerifiedCallback>),
    /// Signed with the client secret; still to be shown that the token is one of ours and unexpired.
    NeedsToken(Box<VerifiedCallback>, TokenDigest),
    /// Not the provider's, as far as can be determined.
    Rejected(Box<RejectedCallback>),
}

/// SHA-256 of a bearer token: stored and looked up in place of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

impl TokenDigest {
    /// Computes the digest of a bare token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// A callback whose signature holds. Only this module makes one.
#[derive(Debug)]
pub struct VerifiedCallback {
    /// The path where it arrived.
    pub path: CallbackPath,
    /// The signature kind that held.
    pub kind: SignatureKind,
    /// The reading of the provider's route rule that held.
    pub matched_route: MatchedRoute,
    /// The form of the body that is signed.
    pub matched_body: MatchedBody,
    /// The key of its kind that it is signed with.
    pub key: KeyName,
    /// The body as received, to be stored.
    pub body: Bytes,
    /// SHA-256 of the minified body: with the path, the key of duplicates.
    pub minified_sha256: [u8; 32],
    /// All headers but `Authorization`, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The age of its timestamp, which decides whether it may change a state.
    pub freshness: Freshness,
    /// `X-TIMESTAMP` as received.
    pub timestamp_text: String,
    /// Time when it was received.
    pub received_at: DateTime<Utc>,
    /// Its content, read from the bytes that were verified.
    pub notification: Result<Notification, MessageError>,
    _proof: Proof,
}

/// A proof that nobody outside this module can name, so nobody else can make a [`VerifiedCallback`].
#[derive(Debug)]
struct Proof;

/// A callback that is not known to be the provider's, kept for `gatewayctl verify --rejected`.
#[derive(Debug, Clone)]
pub struct RejectedCallback {
    /// The path where it arrived.
    pub path: CallbackPath,
    /// The text after `?`, as received.
    pub query: Option<String>,
    /// The reason for the rejection.
    pub reason: RejectReason,
    /// All headers but `Authorization`, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as received.
    pub body: Bytes,
    /// Time when it was received.
    pub received_at: DateTime<Utc>,
    /// The known confusion that explains its signature, if there is one.
    pub explanation: Option<String>,
    /// The token it came with, until its signature is explained; kept nowhere.
    pub(crate) token: Option<Secret>,
}

struct Presented<'a> {
    signature: &'a str,
    timestamp: &'a str,
    token: Option<&'a str>,
}

struct Match {
    kind: SignatureKind,
    key: KeyName,
    route: MatchedRoute,
    body: MatchedBody,
}

impl Verifier {
    /// Takes the provider's public keys, and the client secrets, the current one first.
    #[must_use]
    pub fn new(
        provider_public_keys: Vec<RsaVerifyingKey>,
        client_secrets: Vec<ClientSecret>,
    ) -> Self {
        let public = |key: RsaVerifyingKey| (KeyName::of_public_key(&key), key);
        let names = [KeyName::CURRENT_SECRET, KeyName::PREVIOUS_SECRET];
        Self {
            provider_public_keys: provider_public_keys.into_iter().map(public).collect(),
            client_secrets: names.into_iter().zip(client_secrets).collect(),
        }
    }

    /// Returns every key that signatures are checked against.
    pub fn keys(&self) -> impl Iterator<Item = (SignatureKind, &KeyName)> {
        let public = self.provider_public_keys.iter();
        let secrets = self.client_secrets.iter();
        let public = public.map(|(name, _)| (SignatureKind::NonSnap, name));
        public.chain(secrets.map(|(name, _)| (SignatureKind::Snap, name)))
    }

    /// Returns the same keys, for explaining signatures that do not hold.
    #[must_use]
    pub fn readable_keys(&self) -> Keys {
        let public = self.provider_public_keys.iter();
        let secrets = self.client_secrets.iter();
        Keys::of_callbacks(
            public.map(|(_, key)| key.clone()).collect(),
            secrets.map(|(_, secret)| secret.text().clone()).collect(),
        )
    }

    /// Judges a callback. Asks no database: see [`Verdict::NeedsToken`].
    #[must_use]
    pub fn verify(&self, received: &Received<'_>) -> Verdict {
        let Some(presented) = Presented::read(received.headers) else {
            return received.rejected(RejectReason::Headers, None);
        };
        let minified = minify(without_byte_order_mark(&received.body));
        let Some(matched) = self.find_match(received, &minified, &presented) else {
            let token = presented.token.map(Secret::new);
            return received.rejected(RejectReason::Signature, token);
        };
        let callback = Box::new(received.verified(&presented, &minified, &matched));
        match presented.token {
            Some(token) => Verdict::NeedsToken(callback, TokenDigest::of(token)),
            None => Verdict::Verified(callback),
        }
    }

    /// Returns the provider's key that signed this token request (kind D).
    #[must_use]
    pub fn verify_token_request(
        &self,
        client_key: &str,
        timestamp: &str,
        signature: &str,
    ) -> Option<&KeyName> {
        let signed = |key| signing::verify_token_request(key, client_key, timestamp, signature);
        let mut keys = self.provider_public_keys.iter();
        keys.find(|(_, key)| signed(key)).map(|(name, _)| name)
    }

    fn find_match(
        &self,
        received: &Received<'_>,
        minified: &[u8],
        presented: &Presented<'_>,
    ) -> Option<Match> {
        let kind = match presented.token {
            Some(_) => SignatureKind::Snap,
            None => SignatureKind::NonSnap,
        };
        let routes = received.route_candidates();
        let mut bodies = vec![(MatchedBody::Received, &*received.body)];
        // Only a SNAP signature may be over the minified form (contract 5), with a byte order mark or without.
        let with_mark = minify(&received.body);
        if presented.token.is_some() {
            let forms = [minified, &*with_mark].into_iter();
            let others = forms.filter(|form| *form != &*received.body);
            bodies.extend(others.map(|form| (MatchedBody::Minified, form)));
        }
        for (body_form, body) in bodies {
            for (route_form, route) in &routes {
                if let Some(key) = self.signed_with(presented, route, body) {
                    return Some(Match {
                        kind,
                        key: key.clone(),
                        route: *route_form,
                        body: body_form,
                    });
                }
            }
        }
        None
    }

    fn signed_with(&self, presented: &Presented<'_>, route: &str, body: &[u8]) -> Option<&KeyName> {
        let (signature, timestamp) = (presented.signature, presented.timestamp);
        match presented.token {
            Some(token) => {
                let path = route;
                let call = ApiCall {
                    path,
                    token,
                    body,
                    timestamp,
                };
                let mut secrets = self.client_secrets.iter();
                let signed = secrets.find(|(_, key)| verify_snap_callback(key, &call, signature));
                signed.map(|(name, _)| name)
            }
            None => {
                let callback = SignedCallback {
                    route,
                    body,
                    timestamp,
                };
                let mut keys = self.provider_public_keys.iter();
                let signed = keys.find(|(_, key)| verify_callback(key, &callback, signature));
                signed.map(|(name, _)| name)
            }
        }
    }
}

impl Received<'_> {
    fn route_candidates(&self) -> Vec<(MatchedRoute, String)> {
        let mounted = self.path.as_str();
        let mut routes = vec![(MatchedRoute::Mounted, mounted.to_owned())];
        if let Some(query) = self.query {
            routes.push((MatchedRoute::WithQuery, format!("{mounted}?{query}")));
        }
        if self.path == CallbackPath::Qris {
            routes.push((MatchedRoute::ShortQris, paths::NOTIFY_QRIS_SHORT.to_owned()));
        }
        if self.received_path != mounted {
            let path = self.received_path;
            routes.push((MatchedRoute::Received, path.to_owned()));
            if let Some(query) = self.query {
                routes.push((MatchedRoute::Received, format!("{path}?{query}")));
            }
        }
        routes
    }

    fn verified(
        &self,
        presented: &Presented<'_>,
        minified: &[u8],
        matched: &Match,
    ) -> VerifiedCallback {
        // White space inside a number would vanish in the minified form: the form that is signed is parsed.
        let signed_bytes = match matched.body {
            MatchedBody::Received => &*self.body,
            MatchedBody::Minified => minified,
        };
        VerifiedCallback {
            path: self.path,
            kind: matched.kind,
            matched_route: matched.route,
            matched_body: matched.body,
            key: matched.key.clone(),
            body: self.body.clone(),
            minified_sha256: Sha256::digest(minified).into(),
            headers: kept_headers(self.headers),
            freshness: Freshness::of(presented.timestamp, self.received_at),
            timestamp_text: presented.timestamp.to_owned(),
            received_at: self.received_at,
            notification: Notification::parse(signed_bytes),
            _proof: Proof,
        }
    }

    fn rejected(&self, reason: RejectReason, token: Option<Secret>) -> Verdict {
        Verdict::Rejected(Box::new(RejectedCallback {
            path: self.path,
            query: self.query.map(str::to_owned),
            reason,
            headers: kept_headers(self.headers),
            body: self.body.clone(),
            received_at: self.received_at,
            explanation: None,
            token,
        }))
    }
}

impl VerifiedCallback {
    /// Returns the same callback as rejected, because its token is not one of ours.
    #[must_use]
    pub fn into_rejected(self, query: Option<&str>) -> RejectedCallback {
        RejectedCallback {
            path: self.path,
            query: query.map(str::to_owned),
            reason: RejectReason::Token,
            headers: self.headers,
            body: self.body,
            received_at: self.received_at,
            explanation: None,
            token: None,
        }
    }
}

impl<'a> Presented<'a> {
    fn read(headers: &'a HeaderMap) -> Option<Self> {
        let token = if headers.contains_key(AUTHORIZATION) {
            Some(bearer::token(single(headers, AUTHORIZATION.as_str())?)?)
        } else {
            None
        };
        Some(Self {
            signature: single(headers, SIGNATURE)?,
            timestamp: single(headers, TIMESTAMP)?,
            token,
        })
    }
}

/// Returns the header's value when it occurs exactly once, not empty, in visible ASCII.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    let text = first.to_str().ok().filter(|text| !text.is_empty())?;
    values.next().is_none().then_some(text)
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}
