//! The provider's own code and message, where they were no success, and whether they point at the
//! configuration.

use std::fmt;

use ayolinx_core::messages::Envelope;
use ayolinx_core::provider_message::fit;
use ayolinx_core::response_code::ResponseCode;

/// The provider's reply in JSON that was no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedReply {
    /// `responseCode`.
    pub code: String,
    /// `responseMessage`, masked and at most 200 characters; or empty.
    pub message: String,
}

impl CodedReply {
    /// Creates a reply from a code and the provider's message, as they came.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: fit(message),
        }
    }

    pub(crate) fn of(envelope: &Envelope) -> Self {
        let message = envelope.message.as_deref().unwrap_or_default();
        Self::new(envelope.code.as_str(), message)
    }

    /// Returns the code, whose meaning can be looked up.
    pub(crate) fn response_code(&self) -> ResponseCode {
        ResponseCode::new(&self.code)
    }

    /// Returns the alarm: a reply of the provider's gateway layer points at the configuration
    /// (contract 9.4).
    pub(crate) fn alarm(&self) -> Alarm {
        if self.response_code().is_of_gateway_layer() {
            Alarm::Configuration
        } else {
            Alarm::Quiet
        }
    }
}

impl fmt::Display for CodedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(&self.code),
            message => write!(f, "{} ({message})", self.code),
        }
    }
}

/// The hint of an outcome at the configuration: keys, client id, IP list, clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// It does not point at the configuration.
    Quiet,
    /// It does: nothing will work until somebody mends it.
    Configuration,
}
