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
    /// Where calls go.
    pub(crate) provider: Provider,
    /// Ours and theirs, for signatures.
    pub(crate) keys: Keys,
    /// What may be tried.
    pub(crate) channels: ChannelTable,
    /// What was found so far.
    pub(crate) report: Report,
    /// Where callbacks reach us, when they do.
    pub(crate) public: Option<Origin>,
    /// How bodies are spelt from now on.
    pub(crate) style: JsonStyle,
    /// Whether a wrong signature is refused: else nothing tells.
    pub(crate) is_strict: bool,
    /// The code of the first inquiry about nothing.
    pub(crate) first_code: String,
    /// The transactions that were opened.
    pub(crate) made: Vec<Made>,
    /// The worker receives the callbacks, at the documented paths.
    pub(crate) is_stored: bool,
}

impl Run {
    /// Says on stderr what is done now.
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

    /// Whether an answer has the code of the first inquiry about nothing.
    pub(crate) fn is_like_the_first(&self, got: &Got) -> bool {
        got.as_ref()
            .is_ok_and(|answer| answer.code() == self.first_code)
    }

    /// The origin of our callback URLs, without a slash at its end; empty where nothing listens.
    pub(crate) fn public_origin(&self) -> String {
        let origin = self.public.as_ref().map_or("", Origin::as_str);
        origin.trim_end_matches('/').to_owned()
    }

    /// The callback URL that a create of this method carries; virtual accounts carry none.
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

    /// The client keys that may come with SNAP callbacks.
    pub(crate) fn snap_client_keys(&self) -> Vec<String> {
        let env = Env::from_process();
        let given = env.reader().optional("AYOLINX_SNAP_CLIENT_KEYS");
        match given {
            Some(list) => list.split(',').map(|key| key.trim().to_owned()).collect(),
            None => vec![self.provider.account.client_id.clone()],
        }
    }
}
