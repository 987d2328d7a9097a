//! Inquiries as the gateway sends them: the path of each method, and an inquiry about nothing.

use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;

use super::provider_http::{Call, new_reference};

/// Returns an inquiry about nothing, as the gateway sends it.
pub(crate) fn unknown_inquiry() -> Call {
    Call::of(paths::QRIS_QUERY, inquiry_body(&new_reference()))
}

/// Returns the body of an inquiry, as the gateway spells it.
pub(crate) fn inquiry_body(reference: &str) -> String {
    format!(
        r#"{{"originalPartnerReferenceNo":"{reference}","additionalInfo":{{"channel":"BNC_QRIS"}}}}"#
    )
}

/// Returns the inquiry's path of a method.
pub(crate) const fn inquiry_path(method: Method) -> Option<&'static str> {
    match method {
        Method::Qris => Some(paths::QRIS_QUERY),
        Method::Ewallet => Some(paths::EWALLET_STATUS),
        Method::VirtualAccount => Some(paths::VA_INQUIRY),
        Method::Retail => Some(paths::RETAIL_QUERY),
        Method::PaymentLink => None,
    }
}
