//! Inquiries: asking the provider about a payment and applying its answer.

use std::time::Duration;

use ayolinx_client::{CodedReply, NotSentReason, Outcome};
use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::PaymentState;
use chrono::TimeDelta;
use futures_util::future::join_all;
use ledger::{Applied, LedgerError, NotedCall, Observation, PaymentFacts, Source, Urgency};
use tokio::time::Instant;

use crate::flows::Flows;
use crate::lease::Lease;

/// The shortest time between two syncs of an order by a merchant (contract 4.3).
const SYNC_SPACING_SECONDS: i64 = 2;
/// The most payments of an order that a sync asks about: all that a shop can make, each replaced as often
/// as allowed. Open payments come first, then the newest …
const SYNC_PAYMENTS_MAX: usize = 40;
/// … and the most at a time: a provider that does not answer is asked no further.
const SYNC_AT_ONCE: usize = 5;
/// The longest wait of an inquiry for its turn in the channel's queue.
const LINE_PATIENCE: Duration = Duration::from_secs(5);
/// The pause for a channel whose queue is longer than that.
const LINE_PAUSE: Duration = Duration::from_secs(1);

/// The outcome of an inquiry.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The provider answered and its report is applied.
    Answered {
        /// The reported status.
        status: ProviderStatus,
        /// The payment and order after it.
        applied: Applied,
    },
    /// The provider refused to say, with this reply.
    Refused(CodedReply),
    /// No usable answer came.
    NoAnswer,
    /// The inquiry was not sent, and may not be before this time is over.
    Unsent(Duration),
}

/// The outcome of an inquiry that is not applied yet.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// An answer about the payment.
    Answer(Box<InquiryAnswer>),
    /// The provider refused the question.
    Refused(CodedReply),
    /// No usable answer, with the reason.
    Nothing(String),
    /// The inquiry was not sent.
    Unsent {
        /// The reason.
        why: String,
        /// The time until it may be sent.
        retry_in: Duration,
    },
}

impl Told {
    /// Summarizes it in a few words, for the order's timeline.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Answer(answer) => format!("status {}", answer.status),
            Self::Refused(reply) => format!("refused with {reply}"),
            Self::Nothing(why) => format!("no answer: {why}"),
            Self::Unsent { why, .. } => format!("not sent: {why}"),
        }
    }
}

/// The outcome of a merchant's sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncOutcome {
    /// Everything that could be asked was answered, or there was nothing to ask.
    Answered,
    /// The provider refused to say, with this reply.
    Refused(CodedReply),
    /// The provider did not answer.
    NoAnswer,
    /// The sync came too soon after the last one.
    TooSoon,
}

impl Flows {
    /// Asks about a payment and applies the answer.
    ///
    /// # Errors
    /// [`LedgerError`] when the answer cannot be recorded.
    pub async fn ask(&self, payment: &PaymentFacts) -> Result<Asked, LedgerError> {
        self.ask_under(payment, &mut Lease::none()).await
    }

    async fn ask_under(
        &self,
        payment: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Asked, LedgerError> {
        let told = self.question(payment, lease).await?;
        match told {
            Told::Answer(answer) => self.apply_answer(payment, *answer).await,
            Told::Unsent { retry_in, .. } => Ok(Asked::Unsent(retry_in)),
            Told::Refused(_) | Told::Nothing(_) => {
                self.note_inquiry(payment, &told).await?;
                Ok(match told {
                    Told::Refused(reply) => Asked::Refused(reply),
                    _ => Asked::NoAnswer,
                })
            }
        }
    }

    /// Asks without applying the answer; a refusal is noted in the order's timeline.
    pub(crate) async fn noted_question(
        &self,
        payment: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Told, LedgerError> {
        let told = self.question(payment, lease).await?;
        if matches!(told, Told::Refused(_)) {
            self.note_inquiry(payment, &told).await?;
        }
        Ok(told)
    }

    async fn note_inquiry(&self, payment: &PaymentFacts, told: &Told) -> Result<(), LedgerError> {
        let noted = [NotedCall {
            call: "inquiry",
            outcome: told.summary(),
        }];
        let id = payment.id;
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.note_calls(id, &noted))
            .await
    }

    /// Does [`Flows::ask`], in the channel's queue.
    pub(crate) async fn ask_in_line(
        &self,
        payment: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Asked, LedgerError> {
        let code = payment.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL);
        let per_second = self
            .channels
            .get(code)
            .map_or(1, |channel| channel.inquiries_per_second);
        match self.limits.reserve(code, per_second, LINE_PATIENCE) {
            None => return Ok(Asked::Unsent(LINE_PAUSE)),
            Some(wait) => tokio::time::sleep(wait).await,
        }
        self.ask_under(payment, lease).await
    }

    /// Asks without applying the answer, under a lease that lasts for the call.
    ///
    /// # Errors
    /// As [`Flows::hold_for_a_call`].
    pub(crate) async fn question(
        &self,
        payment: &PaymentFacts,
        lease: &mut Lease,
    ) -> Result<Told, LedgerError> {
        self.hold_for_a_call(lease).await?;
        Ok(self.bare_question(payment).await)
    }

    async fn bare_question(&self, payment: &PaymentFacts) -> Told {
        let Some(channel) = self.channel_of(payment.channel.as_deref()) else {
            return Told::Nothing("its channel is not in the table any more".to_owned());
        };
        let reference = payment.id.to_string();
        let outcome = self
            .client
            .inquire(payment.method, &channel.code, &reference)
            .await;
        match outcome {
            Outcome::Accepted(answer) => Told::Answer(Box::new(answer)),
            other => {
                tracing::warn!(
                    payment.id = %payment.id,
                    outcome = other.name(),
                    detail = other.detail(),
                    "inquiry without an answer"
                );
                let why = other.detail().unwrap_or_else(|| other.name().to_owned());
                match other {
                    Outcome::Rejected(reply) => Told::Refused(reply),
                    Outcome::NotSent { reason, .. }
                        if !matches!(reason, NotSentReason::Incomplete(_)) =>
                    {
                        let retry_in = reason.retry_in();
                        Told::Unsent { why, retry_in }
                    }
                    _ => Told::Nothing(why),
                }
            }
        }
    }

    pub(crate) async fn apply_answer(
        &self,
        payment: &PaymentFacts,
        answer: InquiryAnswer,
    ) -> Result<Asked, LedgerError> {
        let status = answer.status.clone();
        let id = payment.id;
        let applied = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.apply(id, &observed(&answer)))
            .await?;
        Ok(Asked::Answered { status, applied })
    }

    /// Asks about every payment of an order that can be asked about (contract 4.3, sync), for any caller:
    /// the first few at once, further ones in their channel's queue, and no more once that has taken as
    /// long as one exchange may.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub async fn sync(
        &self,
        merchant: MerchantId,
        order: OrderId,
        source: Source,
    ) -> Result<SyncOutcome, LedgerError> {
        let payments = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                let spacing = TimeDelta::seconds(SYNC_SPACING_SECONDS);
                if !tx.claim_sync(merchant, order, spacing, source)? {
                    return Ok(None);
                }
                tx.payments_of_order(merchant, order).map(Some)
            })
            .await?;
        let Some(payments) = payments else {
            return Ok(SyncOutcome::TooSoon);
        };
        let until = Instant::now()
            .checked_add(self.client.timeout())
            .unwrap_or_else(Instant::now);
        let mut outcome = SyncOutcome::Answered;
        for (round, some) in to_sync(payments).chunks(SYNC_AT_ONCE).enumerate() {
            let questions = some.iter().map(async |payment| match round {
                0 => self.ask(payment).await,
                _ => self.ask_in_line(payment, &mut Lease::none()).await,
            });
            let asked = match round {
                0 => Ok(join_all(questions).await),
                _ => tokio::time::timeout_at(until, join_all(questions)).await,
            };
            let Ok(asked) = asked else {
                return Ok(SyncOutcome::NoAnswer);
            };
            for asked in asked {
                match asked? {
                    Asked::Answered { .. } => {}
                    Asked::Refused(reply) => outcome = SyncOutcome::Refused(reply),
                    Asked::NoAnswer | Asked::Unsent(_) => return Ok(SyncOutcome::NoAnswer),
                }
            }
        }
        Ok(outcome)
    }
}

/// Returns the payments that a sync asks about, in the sync's order, from an order's payments, newest
/// first.
fn to_sync(mut payments: Vec<PaymentFacts>) -> Vec<PaymentFacts> {
    payments.retain(can_ask);
    payments.sort_by_key(|payment| !payment.state.is_open());
    payments.truncate(SYNC_PAYMENTS_MAX);
    payments
}

/// Converts an answer to an observation of the payment: the reported status, or that the payment's time
/// is over at the provider, whatever the clock here says.
fn observed(answer: &InquiryAnswer) -> Observation {
    if answer.is_expired {
        return Observation {
            detail: Some("the provider calls it expired".to_owned()),
            ..Observation::fact(Source::Inquiry, Fact::ProviderExpired)
        };
    }
    Observation::word(Source::Inquiry, ProviderWord::of_inquiry(answer))
}

/// Returns whether a payment can be asked about: a link cannot, and a payment that was never sent is not
/// there.
pub(crate) fn can_ask(payment: &PaymentFacts) -> bool {
    let refused_or_unsent = payment.accepted_at.is_none()
        && matches!(payment.state, PaymentState::Creating | PaymentState::Failed);
    payment.method != Method::PaymentLink && !refused_or_unsent
}

#[cfg(test)]
mod tests {
    use super::*;
    use ayolinx_core::ids::PaymentId;
    use ayolinx_core::states::OrderState;
    use chrono::Utc;
    use uuid::Uuid;

    fn payment(state: PaymentState, method: Method) -> PaymentFacts {
        let now = Utc::now();
        PaymentFacts {
            id: PaymentId::from_uuid(Uuid::now_v7()),
            order_id: OrderId::from_uuid(Uuid::nil()),
            merchant_id: MerchantId::from_uuid(Uuid::nil()),
            method,
            channel: None,
            state,
            order_state: OrderState::Pending,
            never_sent: false,
            call_leased_until: None,
            is_replacement: false,
            replacements: 0,
            accepted_at: Some(now),
            created_at: now,
            expires_at: now,
            now,
        }
    }

    #[test]
    fn a_sync_asks_about_every_open_payment_first_and_then_about_the_newest() {
        let states = [
            PaymentState::Cancelled,
            PaymentState::Pending,
            PaymentState::Expired,
            PaymentState::Unknown,
        ];
        for count in [1, 5, 6, 13, 40, 60] {
            let mut all: Vec<PaymentFacts> = (states.into_iter().cycle().take(count))
                .map(|state| payment(state, Method::Qris))
                .collect();
            all.push(payment(PaymentState::Pending, Method::PaymentLink));
            let ids = |of: &[PaymentFacts], open: bool| -> Vec<PaymentId> {
                let wanted = of.iter().filter(|one| one.state.is_open() == open);
                wanted
                    .filter(|one| one.method == Method::Qris)
                    .map(|one| one.id)
                    .collect()
            };
            let asked = to_sync(all.clone());
            assert_eq!(asked.len(), count.min(SYNC_PAYMENTS_MAX));
            let (open, closed) = (ids(&all, true), ids(&all, false));
            let expected: Vec<PaymentId> =
                open.into_iter().chain(closed).take(asked.len()).collect();
            let asked: Vec<PaymentId> = asked.iter().map(|one| one.id).collect();
            assert_eq!(asked, expected);
        }
    }
}
