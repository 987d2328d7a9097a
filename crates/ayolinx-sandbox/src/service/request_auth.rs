//! Admits calls: headers, token, signature, timestamp, `X-EXTERNAL-ID` (protocol 2.2, 3.1, 3.2).

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use ayolinx_core::provider_time::parse_time;
use ayolinx_core::signing::{ApiCall, verify_snap_callback, verify_token_request};
use chrono::{DateTime, TimeDelta, Utc};

use crate::protocol::behaviours::Reading;
use crate::protocol::calls::Call;
use crate::protocol::clock::{jakarta_day, parse_header, parse_jakarta};
use crate::protocol::fields::{FieldError, is_digits};
use crate::protocol::refusal::Refusal;
use crate::provider::sandbox::Sandbox;

/// The longest distance of `X-TIMESTAMP` from the clock, both ways.
const SKEW_MAX: TimeDelta = TimeDelta::minutes(5);
const CHANNEL_ID: &str = "CHANNEL-ID";
const CHANNEL_ID_CHARS_MAX: usize = 5;
/// SNAP's length of `X-EXTERNAL-ID`.
const EXTERNAL_ID_DIGITS_MAX: usize = 36;

/// Checks a token request: kind A, the body is not signed.
pub(crate) fn admit_token_request(
    sandbox: &Sandbox,
    request: &HttpRequest,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    check_content_type(request)?;
    check_channel_id(sandbox, request)?;
    let timestamp = timestamp(sandbox, request, now)?;
    let client_key = required(request, "X-CLIENT-KEY")?;
    let signature = required(request, "X-SIGNATURE")?;
    if client_key != sandbox.settings.client_id {
        return Err(Refusal::unauthorized("Unknown Client"));
    }
    let signed_id = if sandbox.reads(Reading::TokenSignsSecret) {
        sandbox.settings.client_secret.expose()
    } else {
        client_key
    };
    let signed = |key: &_| verify_token_request(key, signed_id, timestamp, signature);
    if !sandbox.credentials.merchants().iter().any(signed) {
        return Err(Refusal::unauthorized("Invalid Signature"));
    }
    Ok(())
}

/// Checks any other call: kind B over the body as the sandbox spells it.
pub(crate) fn admit_call(
    sandbox: &Sandbox,
    call: Call,
    request: &HttpRequest,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    check_content_type(request)?;
    check_channel_id(sandbox, request)?;
    let timestamp = timestamp(sandbox, request, now)?;
    let partner = required(request, "X-PARTNER-ID")?;
    let signature = required(request, "X-SIGNATURE")?;
    let external_id = required(request, "X-EXTERNAL-ID")?;
    let is_free = sandbox.reads(Reading::ExternalIdAny);
    if !is_free && !is_digits(external_id, 1, EXTERNAL_ID_DIGITS_MAX) {
        return Err(FieldError::Format("X-EXTERNAL-ID".to_owned()).into());
    }
    if partner != sandbox.settings.client_id {
        return Err(Refusal::unauthorized("Unknown Client"));
    }
    let token = bearer(request)?;
    if !sandbox.tokens.accepts(token) {
        return Err(Refusal::new(401, "01", "Invalid Token (B2B)"));
    }
    let body = sandbox.settings.body_spelling.of(body);
    let signed = ApiCall {
        path: call.path(),
        token,
        body: &body,
        timestamp,
    };
    let is_signed = |secret: &_| verify_snap_callback(secret, &signed, signature);
    if !sandbox.credentials.secrets().iter().any(is_signed) {
        return Err(Refusal::unauthorized("Invalid Signature"));
    }
    let may_come_again = sandbox.reads(Reading::ExternalIdAgain);
    if !sandbox.external_ids.note(external_id, jakarta_day(now)) && !may_come_again {
        return Err(Refusal::new(409, "00", "Conflict"));
    }
    Ok(())
}

fn check_content_type(request: &HttpRequest) -> Result<(), Refusal> {
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if is_json {
        Ok(())
    } else {
        Err(FieldError::Format("Content-Type".to_owned()).into())
    }
}

/// Checks `CHANNEL-ID`: against the wanted one, if one is set; else against SNAP's form, if it
/// comes at all.
fn check_channel_id(sandbox: &Sandbox, request: &HttpRequest) -> Result<(), Refusal> {
    let given = request.headers().get(CHANNEL_ID);
    let given = given.map(|value| value.to_str().unwrap_or_default());
    let is_right = match (&sandbox.settings.channel_id, given) {
        (Some(_), None) => return Err(FieldError::Missing(CHANNEL_ID.to_owned()).into()),
        (Some(wanted), Some(given)) => wanted == given,
        (None, Some(given)) => {
            (1..=CHANNEL_ID_CHARS_MAX).contains(&given.len())
                && given.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        (None, None) => true,
    };
    match is_right {
        true => Ok(()),
        false => Err(FieldError::Format(CHANNEL_ID.to_owned()).into()),
    }
}

fn timestamp<'a>(
    sandbox: &Sandbox,
    request: &'a HttpRequest,
    now: DateTime<Utc>,
) -> Result<&'a str, Refusal> {
    let text = required(request, "X-TIMESTAMP")?;
    let time = if sandbox.reads(Reading::TimestampsAny) {
        parse_time(text)
    } else if sandbox.reads(Reading::TimestampsJakarta) {
        parse_jakarta(text)
    } else {
        parse_header(text)
    };
    let time = time.ok_or_else(|| Refusal::from(FieldError::Format("X-TIMESTAMP".to_owned())))?;
    let skew_max = if sandbox.reads(Reading::SkewOneMinute) {
        TimeDelta::minutes(1)
    } else {
        SKEW_MAX
    };
    if (time - now).abs() > skew_max {
        return Err(Refusal::unauthorized("Timestamp Out Of Range"));
    }
    Ok(text)
}

fn required<'a>(request: &'a HttpRequest, name: &'static str) -> Result<&'a str, Refusal> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .ok_or_else(|| FieldError::Missing(name.to_owned()).into())
}

/// Reads exactly `Bearer`, one blank, the token.
fn bearer(request: &HttpRequest) -> Result<&str, Refusal> {
    request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|token| !token.is_empty() && !token.contains(' '))
        .ok_or_else(|| Refusal::new(401, "03", "Token Not Found (B2B)"))
}
