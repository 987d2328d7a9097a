//! The parts that a flow works with: the ledger, one provider client per thread, and the settings.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ayolinx_client::AyolinxClient;
use ayolinx_core::channels::{Channel, ChannelTable};
use ayolinx_core::method::Method;
use ledger::Ledger;

use crate::limits::InquiryLimits;
use crate::metrics::FlowMetrics;

/// The creates that carry our callback URL (`AYOLINX_SEND_NOTIFICATION_URL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendNotificationUrl {
    /// QRIS, e-wallet, retail and links.
    Always,
    /// Only e-wallet, where the provider demands it.
    Required,
}

/// The settings of flows.
#[derive(Debug, Clone)]
pub struct FlowSettings {
    /// The longest wait of a merchant for a create before the reply 202 (`CREATE_REPLY_MS`).
    pub reply_after: Duration,
    /// The creates that carry our callback URL.
    pub send_notification_url: SendNotificationUrl,
    /// The origin under which the provider reaches the worker.
    pub callback_origin: String,
}

/// The flows of one thread. Cheap to clone; not `Send`, since the provider client is not.
#[derive(Clone)]
pub struct Flows {
    pub(crate) ledger: Ledger,
    pub(crate) client: Rc<AyolinxClient>,
    pub(crate) channels: Arc<ChannelTable>,
    pub(crate) settings: Rc<FlowSettings>,
    pub(crate) limits: InquiryLimits,
    pub(crate) metrics: FlowMetrics,
}

impl Flows {
    /// Makes the flows of this thread.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        client: AyolinxClient,
        settings: FlowSettings,
        limits: InquiryLimits,
        metrics: FlowMetrics,
    ) -> Self {
        let channels = Arc::clone(&ledger.context().channels);
        Self {
            ledger,
            client: Rc::new(client),
            channels,
            settings: Rc::new(settings),
            limits,
            metrics,
        }
    }

    /// Returns the ledger.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the counters of this process.
    #[must_use]
    pub const fn metrics(&self) -> &FlowMetrics {
        &self.metrics
    }

    /// Returns whether a channel is taken to be out of order or out of reach at the moment: its
    /// breaker is open.
    #[must_use]
    pub fn is_cut_off(&self, channel: &Channel) -> bool {
        self.client.is_cut_off(channel)
    }

    /// Returns the documented path of a method's callback, under our origin: the very URL that the
    /// worker mounts, so that every reading of the signature rule gives the same route (contract 5).
    pub(crate) fn notification_url(&self, method: Method) -> Option<String> {
        let path = match method {
            Method::Qris => "/v1.0/qr/qr-mpm-notify",
            Method::Ewallet | Method::Retail => "/v1.0/debit/notify",
            Method::PaymentLink => "/v1.0/payment-link/notify",
            Method::VirtualAccount => return None,
        };
        let wanted = method == Method::Ewallet
            || self.settings.send_notification_url == SendNotificationUrl::Always;
        wanted.then(|| format!("{}{path}", self.settings.callback_origin))
    }
}
