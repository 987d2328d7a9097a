//! The replies a visitor gets instead of a page.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use ledger::LedgerError;

use super::responses::{guarded, see};
use crate::http::error::ApiError;

/// The reason why there is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// No console, or no such path; the reply reveals nothing.
    Nowhere,
    /// A visitor without a valid session.
    SignIn,
    /// A form that does not come from a page of this session.
    NotOurForm,
    /// An action by a viewer, who may only look.
    OnlyLooks,
    /// A thing that does not exist, or no longer.
    NotFound,
    /// A form that cannot be read.
    Unreadable,
    /// Too many sign-ins at once.
    Busy,
    /// A database that is away.
    Away,
    /// A failure of ours.
    Broken,
}

#[derive(Template)]
#[template(path = "console_message.html")]
struct MessagePage {
    title: &'static str,
    text: &'static str,
}

impl Refused {
    pub(super) fn broken(cause: impl fmt::Display) -> Self {
        tracing::error!(
            error.code = "internal_error",
            error.cause = cause.to_string(),
            "a request failed"
        );
        Self::Broken
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Nowhere | Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignIn => StatusCode::SEE_OTHER,
            Self::NotOurForm | Self::OnlyLooks => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Nowhere | Self::SignIn => ("Not found", "There is nothing here."),
            Self::NotOurForm => (
                "Not accepted",
                "This form does not belong to your session. Open the page again and repeat it there.",
            ),
            Self::OnlyLooks => (
                "Not allowed",
                "You are signed in as a viewer. Ask an operator to do this.",
            ),
            Self::NotFound => ("Not found", "There is no such thing, or no more."),
            Self::Unreadable => ("Not understood", "The form could not be read."),
            Self::Busy => ("Busy", "Too many sign in at once. Try again in a moment."),
            Self::Away => (
                "The database does not answer",
                "Nothing was changed as far as we know. Try again in a moment.",
            ),
            Self::Broken => (
                "Something went wrong",
                "It is in the log of the service, under the id in the X-Request-Id header.",
            ),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NotFound => Self::NotFound,
            LedgerError::Unavailable(_) | LedgerError::Overloaded => {
                tracing::warn!(
                    error.code = "storage_unavailable",
                    error.cause = error.to_string(),
                    "a request was put off"
                );
                Self::Away
            }
            LedgerError::Conflict(_) | LedgerError::Corrupt(_) => Self::broken(error),
        }
    }
}

impl From<ApiError> for Refused {
    fn from(_unreadable: ApiError) -> Self {
        Self::Unreadable
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        if *self == Self::SignIn {
            return see("/sign-in");
        }
        let mut reply = guarded(self.status());
        reply.content_type("text/html; charset=utf-8");
        if *self == Self::Nowhere {
            return reply.body("<!doctype html><title>Not found</title>Not found");
        }
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            reply.insert_header((header::RETRY_AFTER, "2"));
        }
        let (title, text) = self.words();
        reply.body(MessagePage { title, text }.render().unwrap_or_default())
    }
}
