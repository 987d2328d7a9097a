//! The operator at the console: a session by its cookie and, for every change, a form that was made
//! for this session and an operator who may act.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use ayolinx_core::secret::Secret;
use ledger::{NewAction, Role, Urgency, Visit, Visitor};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::error::Refused;
use super::forms::Form;
use super::layout::Frame;
use crate::http::client_address::client_address;
use crate::state::Api;

/// The cookie's name over plain http, as on the operator's own machine.
const COOKIE: &str = "console";
/// The cookie's name over https: browsers take it from no other host and no plain page.
const COOKIE_HTTPS: &str = "__Host-console";
const COOKIE_SECONDS: u32 = 12 * 3600;
const TOKEN_BYTES: usize = 32;
const TOKEN_CHARS: usize = 64;

/// The secret of a session, held by the browser.
pub(super) struct Token(Secret);

impl Token {
    /// Makes a new token of 256 random bits.
    pub(super) fn random() -> Result<Self, Refused> {
        let mut random = [0; TOKEN_BYTES];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_unspecified| Refused::broken("no random bytes"))?;
        Ok(Self(Secret::new(hex(&random))))
    }

    fn of(request: &HttpRequest) -> Option<Self> {
        let value = cookie_of(request, COOKIE_HTTPS).or_else(|| cookie_of(request, COOKIE))?;
        (value.len() == TOKEN_CHARS).then(|| Self(Secret::new(value)))
    }

    /// Returns the digest that is stored.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("console session:{}", self.0.expose())).into()
    }

    /// Returns the token that every form of this session carries. It cannot be derived from the stored
    /// digest.
    fn form_token(&self) -> String {
        hex(&Sha256::digest(format!("console form:{}", self.0.expose())))
    }

    /// Returns the `Set-Cookie` header.
    pub(super) fn cookie(&self, is_https: bool) -> String {
        cookie(is_https, self.0.expose(), COOKIE_SECONDS)
    }
}

fn cookie_of<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let headers = request.headers().get_all(header::COOKIE);
    let pairs = headers.filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name).then_some(value))
}

fn cookie(is_https: bool, value: &str, seconds: u32) -> String {
    let (name, secure) = if is_https {
        (COOKIE_HTTPS, "; Secure")
    } else {
        (COOKIE, "")
    };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// Returns the `Set-Cookie` headers that delete the session's cookie.
pub(super) fn no_cookies() -> [String; 2] {
    [true, false].map(|is_https| cookie(is_https, "", 0))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An operator with a session.
pub(super) struct Seat {
    pub(super) visitor: Visitor,
    pub(super) token: Token,
    pub(super) address: String,
}

impl Seat {
    /// Returns whether buttons are shown.
    pub(super) fn acts(&self) -> bool {
        self.visitor.role == Role::Operator
    }

    /// Returns the frame of every page.
    pub(super) fn frame(&self, request: &HttpRequest, here: &'static str) -> Frame {
        Frame {
            here,
            name: self.visitor.name.clone(),
            role: self.visitor.role.as_str(),
            acts: self.acts(),
            csrf: self.token.form_token(),
            said: super::layout::said(request.query_string()),
        }
    }

    /// Returns a row of the log.
    pub(super) fn action(
        &self,
        action: &'static str,
        target: impl ToString,
        outcome: &str,
    ) -> NewAction {
        NewAction {
            operator: Some(self.visitor.operator),
            action,
            target: Some(target.to_string()),
            outcome: outcome.to_owned(),
            address: self.address.clone(),
            follows: None,
        }
    }
}

/// Returns the address of a request, behind our proxies.
pub(super) fn address(api: &Api, request: &HttpRequest) -> String {
    let address = client_address(&api.proxies, request);
    address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
}

/// Returns the operator; `None` for a stranger, who is served last; an error where there is no
/// console.
pub(super) async fn visit(api: &Api, request: &HttpRequest) -> Result<Option<Seat>, Refused> {
    let token = Token::of(request);
    let digest = token.as_ref().map(Token::digest);
    let books = api.ledger().at(Urgency::Public);
    let visit = books.transact(move |tx| tx.visit(digest)).await?;
    match (visit, token) {
        (Visit::Closed, _) => Err(Refused::Nowhere),
        (Visit::Known(visitor), Some(token)) => Ok(Some(Seat {
            visitor,
            token,
            address: address(api, request),
        })),
        (Visit::Stranger | Visit::Known(_), _) => Ok(None),
    }
}

/// Returns the operator who looks at a page.
pub(super) async fn enter(api: &Api, request: &HttpRequest) -> Result<Seat, Refused> {
    visit(api, request).await?.ok_or(Refused::SignIn)
}

/// Returns the operator who sends a form of their own session, and the form.
pub(super) async fn submit(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Seat, Form), Refused> {
    let seat = enter(api, request).await?;
    let form = Form::read(request, payload).await?;
    let expected = seat.token.form_token();
    let given = form.value("csrf").as_bytes();
    if !bool::from(expected.as_bytes().ct_eq(given)) {
        return Err(Refused::NotOurForm);
    }
    Ok((seat, form))
}

/// Returns the operator who sends a form and may act, and the form.
pub(super) async fn act(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Seat, Form), Refused> {
    let (seat, form) = submit(api, request, payload).await?;
    if !seat.acts() {
        return Err(Refused::OnlyLooks);
    }
    Ok((seat, form))
}
