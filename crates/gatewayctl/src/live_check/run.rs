//! The state of one run, which every chapter reads and adds to.

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;
use settings::{Env, Origin};

use super::inquiry::unknown_inquiry;
use super::opened_transaction::Made;
use super::provider_http::{Call, Got, Provider};
use super::report::Report;
use crate::signatures::Keys;
use crate::terminal::say;

/// One run.
pub(crate) struct Run {
    /// The provider that calls go to.
    pub(crate) provider: Provider,
    /// Our keys and theirs, for signatures.
    pub(crate) keys: Keys,
    /// The channels that may be tried.
    pub(crate) channels: ChannelTable,
    /// The findings so far.
    pub(crate) report: Report,
    /// The origin at which callbacks reach us, if they do.
    pub(crate) public: Option<Origin>,
    /// The spelling of bodies from now on.
    pub(crate) style: JsonStyle,
    /// True when a wrong signature is refused: otherwise no test proves anything.
    pub(crate) is_strict: bool,
    /// The code of the first inquiry about nothing.
    pub(crate) first_code: String,
    /// The transactions that were opened.
    pub(crate) made: Vec<Made>,
    /// True when the worker receives the callbacks, at the documented paths.
    pub(crate) is_stored: bool,
}

impl Run {
    /// Reports on stderr the current step.
    pub(crate) fn step(&self, what: &str) {
        say(what);
    }

    /// Sends an inquiry about nothing at that time.
    pub(crate) async fn at(&self, timestamp: String) -> Got {
        let call = Call {
            timestamp: Some(timestamp),
            ..unknown_inquiry()
        };
        self.provider.send(call).await
    }

    /// Returns whether an answer has the code of the first inquiry about nothing.
    pub(crate) fn is_like_the_first(&self, got: &Got) -> bool {
        got.as_ref()
            .is_ok_and(|answer| answer.code() == self.first_code)
    }

    /// Returns our callback URLs' origin without a slash at its end; empty if nothing listens.
    pub(crate) fn public_origin(&self) -> String {
        let origin = self.public.as_ref().map_or("", Origin::as_str);
        origin.trim_end_matches('/').to_owned()
    }

    /// Returns the callback URL that a create of this method carries; virtual accounts carry none.
    pub(crate) fn callback_url(&self, method: Method) -> Option<String> {
        let origin = self.public.as_ref()?.as_str().trim_end_matches('/');
        let path = match method {
            Method::VirtualAccount => return None,
            _ if !self.is_stored => {
                return Some(format!("{origin}/live-check/{}", method.as_str()));
            }
            Method::Qris => paths::NOTIFY_QRIS,
            Method::Ewallet | Method::Retail => paths::NOTIFY_DEBIT,
            Method::PaymentLink => paths::NOTIFY_LINK,
        };
        Some(format!("{origin}{path}"))
    }

    /// Returns the client keys that may come with SNAP callbacks.
    pub(crate) fn snap_client_keys(&self) -> Vec<String> {
        let env = Env::from_process();
        let given = env.reader().optional("AYOLINX_SNAP_CLIENT_KEYS");
        match given {
            Some(list) => list.split(',').map(|key| key.trim().to_owned()).collect(),
            None => vec![self.provider.account.client_id.clone()],
        }
    }
}
