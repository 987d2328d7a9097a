//! The client: create, inquire, cancel, fetch a token. One per thread, as awc's pools are.

use std::rc::Rc;
use std::time::Duration;

use ayolinx_core::channels::Channel;
use ayolinx_core::messages::inquiry::{InquiryAnswer, InquiryRequest};
use ayolinx_core::messages::qris::{QrisCancelRequest, QrisCancelResponse};
use ayolinx_core::messages::{ChannelInfo, parse, paths};
use ayolinx_core::method::Method;
use ayolinx_core::qris::QrFault;
use http_client::public_roots;
use rustls::ClientConfig;
use tokio::time::Instant;
use tracing::Instrument;

use crate::calls::create_request::{CreateRequest, call};
use crate::calls::create_response::accept;
use crate::calls::inquiry::{check_echo, inquiry_name, inquiry_path, read_inquiry};
use crate::outcome::{
    Accepted, Alarm, CancelOutcome, CreateOutcome, InquiryOutcome, Outcome, ProtocolReason, Stop,
    TokenOutcome, TokenReceipt,
};
use crate::session::provider_session::{Line, incomplete};
use crate::session::token_cache::TokenCache;
use crate::session::token_fetch::fetch_token;
use crate::settings::ProviderSettings;
use crate::telemetry::call_name::Exchange;
use crate::telemetry::spans;
use crate::transport::http::Transport;

/// Speaks to the provider from one thread. Cheap to clone within it.
#[derive(Clone)]
pub struct AyolinxClient {
    settings: Rc<ProviderSettings>,
    transport: Transport,
    tokens: TokenCache,
}

impl AyolinxClient {
    /// Creates a client that trusts the public certificate authorities.
    ///
    /// # Errors
    /// Fails when TLS cannot be set up.
    pub fn new(settings: ProviderSettings, tokens: TokenCache) -> Result<Self, rustls::Error> {
        Ok(Self::with_tls(settings, tokens, public_roots()?))
    }

    /// Creates a client with its own trust. Its ALPN list is replaced: h2 is never offered.
    #[must_use]
    pub fn with_tls(settings: ProviderSettings, tokens: TokenCache, tls: ClientConfig) -> Self {
        Self {
            transport: Transport::new(&settings.base_url, settings.breaker.clone(), tls),
            settings: Rc::new(settings),
            tokens,
        }
    }

    /// Returns the longest time of one exchange: token, call and its repeat.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Returns whether creates of this channel are hardly tried just now: too many in a row failed, or the provider
    /// was out of reach.
    #[must_use]
    pub fn is_cut_off(&self, channel: &Channel) -> bool {
        self.settings.breaker.is_open_for(create_of(channel))
    }

    /// Returns the time for which a create of this channel would be refused untried; `None` where it would be tried.
    #[must_use]
    pub fn refuses_creates_for(&self, channel: &Channel) -> Option<Duration> {
        self.settings.breaker.refuses_for(create_of(channel))
    }

    /// Opens a payment. Ends within the settings' timeout.
    pub async fn create(&self, request: &CreateRequest<'_>) -> CreateOutcome {
        let what = create_of(request.channel);
        let exchange = Box::pin(self.try_create(what, request));
        let outcome = self.observed(what, &request.our_reference, exchange).await;
        if request.channel.method == Method::Qris {
            self.note_qr(request, &outcome);
        }
        outcome
    }

    /// Inquires about a payment by our reference. "Not found" is an answer; payment links cannot be asked about.
    pub async fn inquire(
        &self,
        method: Method,
        channel: &str,
        our_reference: &str,
    ) -> InquiryOutcome {
        let what = Exchange {
            call: inquiry_name(method),
            channel,
        };
        let exchange = Box::pin(self.try_inquire(what, method, our_reference));
        self.observed(what, our_reference, exchange).await
    }

    /// Voids an unpaid QR. Inquire afterwards, whatever the outcome is.
    pub async fn cancel_qris(&self, our_reference: &str, channel: &str) -> CancelOutcome {
        let what = Exchange {
            call: "qris_cancel",
            channel,
        };
        let exchange = Box::pin(self.try_cancel(what, our_reference));
        self.observed(what, our_reference, exchange).await
    }

    /// Fetches a new token now, and keeps it.
    pub async fn fetch_token(&self) -> TokenOutcome {
        let exchange = Box::pin(async {
            let fetched = fetch_token(&self.settings, &self.transport, self.deadline()).await;
            let fetched = fetched.map_err(Stop::not_sent)?;
            self.tokens.publish(fetched.token).await;
            Ok(TokenReceipt {
                lifetime: fetched
                    .life_secs
                    .map(|secs| Duration::from_secs(u64::from(secs))),
                provider_time: fetched.provider_time,
                signed_with: fetched.signed_with,
            })
        });
        self.observed(Exchange::TOKEN, "", exchange).await
    }

    async fn try_create(
        &self,
        what: Exchange<'_>,
        request: &CreateRequest<'_>,
    ) -> Result<Accepted, Stop> {
        let call = request.call(self.settings.json_style).map_err(incomplete)?;
        let body = self.line().exchange(what, &call, self.deadline()).await?;
        accept(request, &body, self.settings.is_loopback()).map_err(Stop::protocol)
    }

    async fn try_inquire(
        &self,
        what: Exchange<'_>,
        method: Method,
        our_reference: &str,
    ) -> Result<InquiryAnswer, Stop> {
        let path = inquiry_path(method).ok_or_else(|| incomplete("inquiry"))?;
        let request = InquiryRequest {
            original_partner_reference_no: our_reference.to_owned(),
            additional_info: ChannelInfo {
                channel: what.channel.to_owned(),
            },
        };
        let call = call(self.settings.json_style, path, &request).map_err(incomplete)?;
        let reply = self.line().exchange(what, &call, self.deadline()).await;
        read_inquiry(reply, our_reference)
    }

    async fn try_cancel(&self, what: Exchange<'_>, our_reference: &str) -> Result<(), Stop> {
        let request = QrisCancelRequest {
            original_partner_reference_no: our_reference.to_owned(),
            additional_info: ChannelInfo {
                channel: what.channel.to_owned(),
            },
        };
        let style = self.settings.json_style;
        let call = call(style, paths::QRIS_CANCEL, &request).map_err(incomplete)?;
        let body = self.line().exchange(what, &call, self.deadline()).await?;
        let response: QrisCancelResponse =
            parse(&body).map_err(|_unreadable| Stop::protocol(ProtocolReason::Unreadable))?;
        check_echo(
            response.original_partner_reference_no.as_deref(),
            our_reference,
        )
    }

    async fn observed<T>(
        &self,
        what: Exchange<'_>,
        reference: &str,
        exchange: impl Future<Output = Result<T, Stop>>,
    ) -> Outcome<T> {
        let began = Instant::now();
        let span = spans::call(what, reference);
        let outcome = Outcome::of(exchange.instrument(span.clone()).await);
        spans::ended(&span, &outcome);
        let took = began.elapsed();
        self.settings.metrics.called(what, outcome.name(), took);
        let call = what.call;
        let took_ms = took.as_millis();
        let (name, detail) = (outcome.name(), outcome.detail());
        let detail = detail.as_deref();
        let undocumented = outcome
            .reply()
            .is_some_and(|reply| !reply.response_code().is_documented());
        if undocumented {
            self.settings.metrics.met_unknown_code(call);
        }
        if outcome.alarm() == Alarm::Configuration {
            self.settings.metrics.alarmed(call);
            tracing::error!(
                call,
                reference,
                outcome = name,
                detail,
                took_ms,
                "provider configuration"
            );
        } else if detail.is_some() {
            tracing::warn!(
                call,
                reference,
                outcome = name,
                detail,
                took_ms,
                "provider call"
            );
        } else {
            tracing::info!(call, reference, outcome = name, took_ms, "provider call");
        }
        outcome
    }

    /// Counts the finding about the provider's QR, shown or not.
    fn note_qr(&self, request: &CreateRequest<'_>, outcome: &CreateOutcome) {
        let fault = match outcome {
            Outcome::Accepted(accepted) => accepted.qr_fault,
            Outcome::Protocol {
                reason: ProtocolReason::Qr(fault),
                ..
            } => Some(*fault),
            _ => return,
        };
        let channel = request.channel.code.as_str();
        let finding = fault.map_or("right", QrFault::as_str);
        self.settings.metrics.qr_checked(channel, finding);
        if let Some(fault) = fault {
            tracing::error!(
                channel,
                reference = request.our_reference,
                shown = matches!(outcome, Outcome::Accepted(_)),
                detail = %fault,
                "a QR of the provider is not as asked for"
            );
        }
    }

    fn line(&self) -> Line<'_> {
        Line {
            settings: &self.settings,
            transport: &self.transport,
            tokens: &self.tokens,
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }
}

/// Returns the exchange that makes a payment of this channel.
fn create_of(channel: &Channel) -> Exchange<'_> {
    let call = match channel.method {
        Method::Qris => "qris_create",
        Method::Ewallet => "ewallet_create",
        Method::VirtualAccount => "virtual_account_create",
        Method::Retail => "retail_create",
        Method::PaymentLink => "payment_link_create",
    };
    Exchange {
        call,
        channel: &channel.code,
    }
}
