//! An inquiry: the path of each method, and the meaning of the reply for the payment.

use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::{our_spelling, paths};
use ayolinx_core::method::Method;

use crate::outcome::{Outcome, ProtocolReason, Stop};

/// Reads the result of an inquiry's exchange.
pub(crate) fn read_inquiry(
    reply: Result<Vec<u8>, Stop>,
    our_reference: &str,
) -> Result<InquiryAnswer, Stop> {
    let body = match reply {
        Ok(body) => body,
        Err(Outcome::Rejected(refused)) => {
            let said = InquiryAnswer::of_refusal(refused.response_code().inquiry_refusal());
            return said.ok_or(Stop::Rejected(refused));
        }
        Err(stop) => return Err(stop),
    };
    let answer = InquiryAnswer::parse(&body)
        .map_err(|_unreadable| Stop::protocol(ProtocolReason::Unreadable))?;
    check_echo(answer.our_reference.as_deref(), our_reference)?;
    Ok(answer)
}

/// Checks that a reply names no other payment than ours.
pub(crate) fn check_echo(echo: Option<&str>, ours: &str) -> Result<(), Stop> {
    match echo {
        Some(echo) if our_spelling(echo) != ours => {
            Err(Stop::protocol(ProtocolReason::OtherReference))
        }
        _ => Ok(()),
    }
}

/// Returns the name of an inquiry by method.
pub(crate) const fn inquiry_name(method: Method) -> &'static str {
    match method {
        Method::Qris => "qris_inquiry",
        Method::Ewallet => "ewallet_inquiry",
        Method::VirtualAccount => "virtual_account_inquiry",
        Method::Retail => "retail_inquiry",
        Method::PaymentLink => "payment_link_inquiry",
    }
}

/// Returns the inquiry's path by method; payment links have none.
pub(crate) const fn inquiry_path(method: Method) -> Option<&'static str> {
    match method {
        Method::Qris => Some(paths::QRIS_QUERY),
        Method::Ewallet => Some(paths::EWALLET_STATUS),
        Method::VirtualAccount => Some(paths::VA_INQUIRY),
        Method::Retail => Some(paths::RETAIL_QUERY),
        Method::PaymentLink => None,
    }
}
