//! Opening a payment at the provider: the intent is committed, the call is sent in a task that no
//! dropped connection can cut off, and its outcome is recorded, however late it comes.

use std::time::{Duration, Instant};

use ayolinx_client::{Accepted, Alarm, CodedReply, CreateOutcome, Outcome};
use ayolinx_core::artefact::Artefact;
use ayolinx_core::expiry::ProviderExpiry;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Failure;
use ayolinx_core::payment::Fact;
use chrono::{DateTime, Utc};
use ledger::{
    Applied, Call, CallEnd, CallOutcome, KeepReply, LedgerError, Observation, Source, StoredReply,
    Urgency,
};
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::flows::Flows;

/// The shortest time allowed for recording an outcome, even where the lease ends sooner: the ledger accepts an
/// artefact from anybody.
const RECORDED_WITHIN: Duration = Duration::from_secs(30);

/// The outcome of a call, as far as a merchant can be told it.
#[derive(Debug, Clone)]
pub enum Opened {
    /// The exchange ended and its outcome is recorded.
    Settled {
        /// The payment and order after it.
        applied: Applied,
        /// The outcome of the call.
        outcome: CallOutcome,
        /// The wait that the provider asks for, where it throttles.
        retry_after: Option<Duration>,
        /// The reply to the merchant, kept with the artefact, where one was wanted.
        reply: Option<StoredReply>,
    },
    /// The exchange runs on; the payment is unknown until it ends.
    StillRunning,
}

impl Flows {
    /// Sends a create and records its outcome, with the reply to the merchant where one is wanted.
    ///
    /// # Errors
    /// [`LedgerError`] when the outcome cannot be recorded now; the resolver finds it out later.
    pub async fn open(&self, call: Call, keep: Option<KeepReply>) -> Result<Opened, LedgerError> {
        let (tell, told) = oneshot::channel();
        let flows = self.clone();
        let (payment_id, token) = (call.payment_id, call.token);
        let exchange = async move {
            let settled = flows.exchange(&call, keep).await;
            // Nobody may be waiting any more: the record is what counts.
            drop(tell.send(settled));
        };
        actix_rt::spawn(exchange.in_current_span());
        match tokio::time::timeout(self.settings.reply_after, told).await {
            Ok(Ok(settled)) => settled,
            Ok(Err(_dropped)) => Err(LedgerError::Unavailable("the call ended early".to_owned())),
            Err(_elapsed) => {
                self.ledger
                    .at(Urgency::Write)
                    .transact(move |tx| {
                        tx.settle_call(payment_id, token, &CallOutcome::StillRunning)
                    })
                    .await?;
                Ok(Opened::StillRunning)
            }
        }
    }

    async fn exchange(&self, call: &Call, keep: Option<KeepReply>) -> Result<Opened, LedgerError> {
        let mut retry_after = None;
        let request = self
            .create_request(call)
            .filter(|_| self.lease_outlasts_the_exchange(call));
        let outcome = match request {
            Some(request) => {
                let outcome = self.client.create(&request).await;
                if outcome.alarm() == Alarm::Configuration {
                    self.metrics.alarm("provider_configuration");
                    tracing::error!(
                        payment.id = %call.payment_id,
                        detail = outcome.detail(),
                        "the provider does not let us in: check keys, client id, clock and IP list"
                    );
                }
                if let Outcome::Throttled {
                    retry_after: wish, ..
                } = &outcome
                {
                    retry_after = *wish;
                    self.metrics.alarm("provider_throttled");
                    tracing::error!(payment.id = %call.payment_id, "the provider throttles us");
                }
                let ends_at = match &outcome {
                    Outcome::Accepted(accepted) => self.earlier_end(call, accepted),
                    _ => None,
                };
                call_outcome(outcome, ends_at)
            }
            None => CallOutcome::NotSent,
        };
        let end = CallEnd {
            payment: call.payment_id,
            token: call.token,
            outcome,
            keep,
        };
        let outcome = end.outcome.clone();
        // While the lease runs nobody else touches the payment; after it the resolver does.
        let now = Instant::now();
        let until = (call.lease_ends).max(now.checked_add(RECORDED_WITHIN).unwrap_or(now));
        let settled = self.ledger.end_call_by(end, until).await?;
        Ok(Opened::Settled {
            applied: settled.applied,
            outcome,
            retry_after,
            reply: settled.reply,
        })
    }

    /// Returns the end of the payment as the provider named it, where that is earlier than was asked for and
    /// plausible (contract 4.2).
    fn earlier_end(&self, call: &Call, accepted: &Accepted) -> Option<DateTime<Utc>> {
        if !names_an_end(call.method) {
            return None;
        }
        let named = accepted.expiry.as_deref();
        let expiry = ProviderExpiry::of(named, call.expires_at, Utc::now());
        let channel = call.channel.as_deref().unwrap_or_default();
        self.metrics.expiry_named(channel, expiry);
        match expiry {
            ProviderExpiry::Past | ProviderExpiry::OtherZone | ProviderExpiry::Unreadable => {
                tracing::warn!(
                    payment.id = %call.payment_id,
                    channel,
                    detail = expiry.as_str(),
                    "the provider's end of a payment cannot be meant: ours counts"
                );
            }
            ProviderExpiry::Unnamed
            | ProviderExpiry::AsAsked
            | ProviderExpiry::Earlier(_)
            | ProviderExpiry::Later => {}
        }
        expiry.earlier()
    }

    /// Returns whether the lease lasts for the whole exchange. A caller that was suspended since it took the
    /// lease sends nothing: by then another may (contract 3).
    fn lease_outlasts_the_exchange(&self, call: &Call) -> bool {
        let left = call.lease_ends.saturating_duration_since(Instant::now());
        let enough = left >= self.client.timeout();
        if !enough {
            tracing::warn!(payment.id = %call.payment_id, "too late to send: the lease ends");
        }
        enough
    }
}

/// Returns whether replies to creates of this method name an end that can be trusted: a wallet's name none, a
/// link's have the wrong zone (protocol 4.11).
pub(crate) const fn names_an_end(method: Method) -> bool {
    match method {
        Method::Qris | Method::VirtualAccount | Method::Retail => true,
        Method::Ewallet | Method::PaymentLink => false,
    }
}

/// Converts an outcome by the rows of contract 4.1: some outcomes are certain, others are not.
fn call_outcome(outcome: CreateOutcome, ends_at: Option<DateTime<Utc>>) -> CallOutcome {
    let detail = outcome.detail();
    match outcome {
        Outcome::Accepted(accepted) => CallOutcome::Accepted(Box::new(Observation {
            artefact: Some(with_link_code(accepted.artefact, accepted.link_code)),
            provider_reference: accepted.provider_reference,
            ends_at,
            ..Observation::fact(Source::Reply, Fact::Accepted)
        })),
        Outcome::Rejected(CodedReply { code, message }) => {
            CallOutcome::Refused(Failure { code, message })
        }
        Outcome::NotSent { .. } | Outcome::AuthenticationRefused(_) | Outcome::Throttled { .. } => {
            CallOutcome::Undone(detail.unwrap_or_default())
        }
        Outcome::OutcomeUnknown { reason } => {
            let told = detail.unwrap_or_default();
            match reason.reply() {
                Some(reply) => CallOutcome::Unclear {
                    reply: Failure {
                        code: reply.code.clone(),
                        message: reply.message.clone(),
                    },
                    reason: told,
                },
                None => CallOutcome::Unknown(told),
            }
        }
        Outcome::Protocol { .. } => CallOutcome::Unknown(detail.unwrap_or_default()),
    }
}

/// Keeps a link's code with its artefact: callbacks may name the code and nothing else.
fn with_link_code(artefact: Artefact, code: Option<String>) -> Artefact {
    match artefact {
        Artefact::Redirect { url, link_code } => Artefact::Redirect {
            url,
            link_code: link_code.or(code),
        },
        Artefact::Qr { .. } | Artefact::VirtualAccount { .. } | Artefact::PaymentCode { .. } => {
            artefact
        }
    }
}
