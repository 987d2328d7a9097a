//! Reads one reply of the provider without a connection: the steps every exchange ends with, for a
//! second reading of stored replies.

use crate::calls::create_request::CreateRequest;
use crate::calls::create_response::accept;
use crate::calls::inquiry::read_inquiry;
use crate::outcome::{CreateOutcome, InquiryOutcome, Outcome, Stop};
use crate::session::provider_session::success_of;
use crate::transport::http::Reply;

/// Returns the outcome of a create whose last reply was this; `provider_is_loopback` allows
/// redirects to this machine.
#[must_use]
pub fn create_reply(
    request: &CreateRequest<'_>,
    status: u16,
    body: &[u8],
    provider_is_loopback: bool,
) -> CreateOutcome {
    let accepted = success_of(reply(status, body))
        .and_then(|body| accept(request, &body, provider_is_loopback).map_err(Stop::protocol));
    Outcome::of(accepted)
}

/// Returns the outcome of an inquiry whose last reply was this.
#[must_use]
pub fn inquiry_reply(our_reference: &str, status: u16, body: &[u8]) -> InquiryOutcome {
    Outcome::of(read_inquiry(success_of(reply(status, body)), our_reference))
}

fn reply(status: u16, body: &[u8]) -> Reply {
    Reply {
        status,
        body: body.to_vec(),
        retry_after: None,
        provider_time: None,
    }
}
