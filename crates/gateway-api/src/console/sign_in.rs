//! Signing in and out, and the files of the pages. While there is no operator, none of these
//! exists.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ayolinx_core::password::is_password;
use ayolinx_core::secret::Secret;
use ledger::{NewAction, NewSession, SignIn, Urgency};
use uuid::Uuid;

use super::error::Refused;
use super::forms::{Form, is_https};
use super::layout::page;
use super::responses::{file, see};
use super::session::{Token, address, no_cookies, submit, visit};
use super::state::Console;
use crate::state::Api;

const EMAIL_BYTES_MAX: usize = 254;

type Answer = Result<HttpResponse, Refused>;

#[derive(Template)]
#[template(path = "console_sign_in.html")]
struct SignInPage {
    problem: Option<String>,
    email: String,
}

fn form_again(status: StatusCode, problem: Option<String>, email: &str) -> Answer {
    let email = email.to_owned();
    page(status, &SignInPage { problem, email })
}

pub(super) async fn sign_in_page(request: HttpRequest, api: Data<Api>) -> Answer {
    match visit(&api, &request).await? {
        Some(_) => Ok(see("/")),
        None => form_again(StatusCode::OK, None, ""),
    }
}

pub(super) async fn sign_in(
    request: HttpRequest,
    payload: Payload,
    api: Data<Api>,
    console: Data<Console>,
) -> Answer {
    visit(&api, &request).await?;
    let form = Form::read(&request, payload).await?;
    let email = form.value("email").trim().to_lowercase();
    let password = Secret::new(form.value("password"));
    let from = address(&api, &request);
    if email.len() > EMAIL_BYTES_MAX {
        return Err(Refused::Unreadable);
    }
    let (tried, at) = (email.clone(), from.clone());
    let begun = api
        .ledger()
        .at(Urgency::Public)
        .transact(move |tx| tx.begin_sign_in(&tried, &at))
        .await?;
    let found = match begun {
        SignIn::Wait(seconds) => return wait(seconds, &email),
        SignIn::Check(found) => found,
    };
    let (operator, stored) = found.unzip();
    let is_right = check(&console, password, stored).await?;
    match operator.filter(|_| is_right) {
        Some(operator) => welcome(&api, &request, email, operator).await,
        None => {
            refuse(&api, operator, from).await?;
            let wrong = "The e-mail address or the password is wrong.".to_owned();
            form_again(StatusCode::UNAUTHORIZED, Some(wrong), &email)
        }
    }
}

fn wait(seconds: i64, email: &str) -> Answer {
    let problem = format!("Too many attempts. Try again in {seconds} seconds.");
    let mut reply = form_again(StatusCode::TOO_MANY_REQUESTS, Some(problem), email)?;
    let seconds = header::HeaderValue::from(seconds);
    reply.headers_mut().insert(header::RETRY_AFTER, seconds);
    Ok(reply)
}

/// Hashes passwords on a thread that may block, few at a time: signing in delays no payment.
async fn check(
    console: &Console,
    password: Secret,
    stored: Option<String>,
) -> Result<bool, Refused> {
    let _waits = console
        .sign_ins
        .try_acquire()
        .map_err(|_full| Refused::Busy)?;
    let _place = console.hashes.acquire().await.map_err(Refused::broken)?;
    let reckoning = move || is_password(&password, stored.as_deref());
    tokio::task::spawn_blocking(reckoning)
        .await
        .map_err(|_panicked| Refused::broken("a password could not be looked at"))
}

async fn welcome(api: &Api, request: &HttpRequest, email: String, operator: Uuid) -> Answer {
    let token = Token::random()?;
    let session = NewSession {
        digest: token.digest(),
        operator,
        address: address(api, request),
    };
    let is_in = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.signed_in(&email, &session))
        .await?;
    if !is_in {
        return Err(Refused::SignIn);
    }
    let mut reply = see("/");
    set_cookie(&mut reply, &token.cookie(is_https(request)))?;
    Ok(reply)
}

async fn refuse(api: &Api, operator: Option<Uuid>, address: String) -> Result<(), Refused> {
    let action = NewAction {
        operator,
        action: "sign_in",
        target: None,
        outcome: "refused".to_owned(),
        address,
        follows: None,
    };
    api.ledger()
        .at(Urgency::Public)
        .transact(move |tx| tx.record_action(&action))
        .await?;
    Ok(())
}

fn set_cookie(reply: &mut HttpResponse, cookie: &str) -> Result<(), Refused> {
    let value = header::HeaderValue::from_str(cookie).map_err(Refused::broken)?;
    reply.headers_mut().append(header::SET_COOKIE, value);
    Ok(())
}

pub(super) async fn sign_out(request: HttpRequest, payload: Payload, api: Data<Api>) -> Answer {
    let (seat, _) = submit(&api, &request, payload).await?;
    let (digest, operator, from) = (seat.token.digest(), seat.visitor.operator, seat.address);
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.close_session(digest, operator, &from))
        .await?;
    let mut reply = see("/sign-in");
    for cookie in no_cookies() {
        set_cookie(&mut reply, &cookie)?;
    }
    Ok(reply)
}

pub(super) async fn asset(request: HttpRequest, name: Path<String>, api: Data<Api>) -> Answer {
    visit(&api, &request).await?;
    match name.as_str() {
        "console.css" => Ok(file(
            "text/css; charset=utf-8",
            include_str!("../../assets/console.css"),
        )),
        "icon.svg" => Ok(file("image/svg+xml", include_str!("../../assets/icon.svg"))),
        _ => Err(Refused::Nowhere),
    }
}

pub(super) async fn nowhere() -> Answer {
    Err(Refused::Nowhere)
}
