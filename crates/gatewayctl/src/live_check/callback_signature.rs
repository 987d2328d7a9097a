//! The parts of a callback's signature: its kind, route, spelling of the body, and key.

use ayolinx_core::messages::paths;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::body_sha256_hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Sha256, Sha512};

use super::callback_listener::Received;
use crate::signatures::{BodyForms, Keys};

/// The way in which a callback was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) how: How,
    pub(crate) route: Route,
    pub(crate) body: Body,
    /// True when other spellings of this body are the same bytes, so that they cannot be distinguished.
    pub(crate) bodies_agree: bool,
    pub(crate) key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// RSA (kind C).
    Rsa,
    /// HMAC-SHA512, kind E as the gateway checks it.
    Sha512,
    /// HMAC-SHA256 over the five parts.
    Sha256,
    /// HMAC-SHA512 over four parts.
    WithoutToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Path,
    PathWithQuery,
    Documented(&'static str),
    WholeUrl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    AsReceived,
    Minified,
    Php,
    Plain,
    /// `json_encode` of the body's text.
    Twice,
}

impl Route {
    pub(crate) fn say(&self) -> String {
        match self {
            Self::Path => "the path of the URL that was registered".to_owned(),
            Self::PathWithQuery => "that path with ? and the query".to_owned(),
            Self::Documented(path) => format!("the documented path {path}"),
            Self::WholeUrl => "the whole URL".to_owned(),
        }
    }
}

impl Body {
    pub(crate) const fn say(self) -> &'static str {
        match self {
            Self::AsReceived => "the bytes as received",
            Self::Minified => "the body minified",
            Self::Php => "PHP's json_encode of the body",
            Self::Plain => "the body respelt plainly",
            Self::Twice => "json_encode of the body's text",
        }
    }

    /// Returns whether the worker accepts it (contract 5).
    pub(crate) const fn is_taken(self) -> bool {
        matches!(self, Self::AsReceived | Self::Minified)
    }
}

/// Finds out how it was signed; `None` when no known way gives its signature.
pub(crate) fn read(one: &Received, origin: &str, keys: &Keys) -> Option<Signed> {
    let signature = one.header("x-signature")?;
    let timestamp = one.header("x-timestamp")?;
    let forms = bodies(&one.body);
    for (route, path) in routes(one, origin) {
        for (body, bytes) in &forms {
            let hash = body_sha256_hex(bytes);
            let strings = Strings::of(one, &path, &hash, timestamp);
            let found = signer(&strings, signature, keys);
            if let Some((how, key)) = found {
                return Some(Signed {
                    how,
                    route,
                    body: *body,
                    bodies_agree: forms
                        .iter()
                        .all(|(form, other)| *form == Body::Twice || other == &one.body),
                    key,
                });
            }
        }
    }
    None
}

fn routes(one: &Received, origin: &str) -> Vec<(Route, String)> {
    let with_query = match &one.query {
        Some(query) => format!("{}?{query}", one.path),
        None => one.path.clone(),
    };
    let mut routes = vec![
        (Route::PathWithQuery, with_query.clone()),
        (Route::Path, one.path.clone()),
    ];
    if one.query.is_none() {
        routes.remove(0);
    }
    for documented in [
        paths::NOTIFY_QRIS,
        paths::NOTIFY_QRIS_SHORT,
        paths::NOTIFY_DEBIT,
        paths::NOTIFY_VA,
    ] {
        routes.push((Route::Documented(documented), documented.to_owned()));
    }
    let whole = format!("{}{with_query}", origin.trim_end_matches('/'));
    routes.push((Route::WholeUrl, whole));
    routes
}

fn bodies(body: &[u8]) -> Vec<(Body, Vec<u8>)> {
    let forms = BodyForms::of(body);
    let mut all = vec![
        (Body::AsReceived, forms.given.clone()),
        (Body::Minified, forms.minified),
    ];
    all.extend(forms.php.map(|php| (Body::Php, php)));
    all.extend(forms.plain.map(|plain| (Body::Plain, plain)));
    let text = Value::String(String::from_utf8_lossy(body).into_owned()).to_string();
    let twice = BodyForms::of(text.as_bytes()).php;
    all.extend(twice.map(|twice| (Body::Twice, twice)));
    all
}

struct Strings {
    without_token: String,
    five: String,
}

impl Strings {
    fn of(one: &Received, path: &str, hash: &str, timestamp: &str) -> Self {
        let token = one.bearer().unwrap_or_default();
        Self {
            without_token: format!("POST:{path}:{hash}:{timestamp}"),
            five: format!("POST:{path}:{token}:{hash}:{timestamp}"),
        }
    }
}

fn signer(strings: &Strings, signature: &str, keys: &Keys) -> Option<(How, String)> {
    let Strings {
        without_token,
        five,
    } = strings;
    for named in &keys.provider {
        if named.key.verify_base64(without_token.as_bytes(), signature) {
            return Some((How::Rsa, named.name.clone()));
        }
    }
    let given = STANDARD.decode(signature).ok()?;
    for named in &keys.secrets {
        let is = |mac: Option<Vec<u8>>| mac.is_some_and(|mac| mac == given);
        let how = if is(sha512(&named.key, five)) {
            How::Sha512
        } else if is(sha256(&named.key, five)) {
            How::Sha256
        } else if is(sha512(&named.key, without_token)) {
            How::WithoutToken
        } else {
            continue;
        };
        return Some((how, named.name.clone()));
    }
    None
}

fn sha512(secret: &Secret, message: &str) -> Option<Vec<u8>> {
    let mac = Hmac::<Sha512>::new_from_slice(secret.expose().as_bytes()).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}

fn sha256(secret: &Secret, message: &str) -> Option<Vec<u8>> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    Some(mac.chain_update(message).finalize().into_bytes().to_vec())
}
