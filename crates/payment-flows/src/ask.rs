//! Asking the provider about a payment and applying what it says.

use std::time::Duration;

use ayolinx_client::Outcome;
use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::method::Method;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::PaymentState;
use chrono::TimeDelta;
use futures_util::future::join_all;
use ledger::{Applied, LedgerError, NotedCall, Observation, PaymentFacts, Source};

use crate::flows::Flows;

/// A merchant may ask about an order once in this time (contract 4.3).
const SYNC_SPACING_SECONDS: i64 = 2;
/// A sync asks about this many payments of an order at most, newest first.
const SYNC_PAYMENTS_MAX: usize = 5;
/// How long a question may wait for its place in the channel's line.
const LINE_PATIENCE: Duration = Duration::from_secs(5);

/// What came of a question.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The provider answered and its word is applied.
    Answered {
        /// What it said.
        status: ProviderStatus,
        /// The payment and order after it.
        applied: Applied,
    },
    /// No answer that can be used.
    NoAnswer,
    /// The channel's line is too long: ask later.
    Busy,
}

/// What came of a merchant's sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncOutcome {
    /// Everything that could be asked was answered, or there was nothing to ask.
    Answered,
    /// The provider did not answer.
    NoAnswer,
    /// Too soon after the last one.
    TooSoon,
}

impl Flows {
    /// Asks about a payment and applies the answer.
    ///
    /// # Errors
    /// When the answer cannot be recorded.
    pub async fn ask(&self, payment: &PaymentFacts) -> Result<Asked, LedgerError> {
        let Some(answer) = self.question(payment).await else {
            let noted = [NotedCall {
                call: "inquiry",
                outcome: "no answer".to_owned(),
            }];
            let id = payment.id;
            self.ledger
                .transact(move |tx| tx.note_calls(id, &noted))
                .await?;
            return Ok(Asked::NoAnswer);
        };
        self.apply_answer(payment, answer).await
    }

    /// [`Flows::ask`], in the channel's line.
    pub(crate) async fn ask_in_line(&self, payment: &PaymentFacts) -> Result<Asked, LedgerError> {
        let code = payment.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL);
        let per_second = self
            .channels
            .get(code)
            .map_or(1, |channel| channel.inquiries_per_second);
        match self.limits.reserve(code, per_second, LINE_PATIENCE) {
            None => return Ok(Asked::Busy),
            Some(wait) => tokio::time::sleep(wait).await,
        }
        self.ask(payment).await
    }

    /// The bare question; `None` when there is no usable answer.
    pub(crate) async fn question(&self, payment: &PaymentFacts) -> Option<InquiryAnswer> {
        let channel = self.channel_of(payment.channel.as_deref())?;
        let reference = payment.id.to_string();
        let outcome = self
            .client
            .inquire(payment.method, &channel.code, &reference)
            .await;
        match outcome {
            Outcome::Accepted(answer) => Some(answer),
            other => {
                tracing::warn!(
                    payment.id = %payment.id,
                    outcome = other.name(),
                    detail = other.detail(),
                    "inquiry without an answer"
                );
                None
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
            .transact(move |tx| {
                let word = ProviderWord::of_inquiry(&answer);
                tx.apply(id, &Observation::word(Source::Inquiry, word))
            })
            .await?;
        Ok(Asked::Answered { status, applied })
    }

    /// Asks about everything of an order that can be asked about (contract 4.3, sync), for whoever
    /// wants to know.
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
        let questions = payments
            .iter()
            .filter(|payment| can_ask(payment))
            .take(SYNC_PAYMENTS_MAX)
            .map(|payment| self.ask(payment));
        for asked in join_all(questions).await {
            if !matches!(asked?, Asked::Answered { .. }) {
                return Ok(SyncOutcome::NoAnswer);
            }
        }
        Ok(SyncOutcome::Answered)
    }
}

/// Links cannot be asked about, and what was never sent is not there.
pub(crate) fn can_ask(payment: &PaymentFacts) -> bool {
    let refused_or_unsent = payment.accepted_at.is_none()
        && matches!(payment.state, PaymentState::Creating | PaymentState::Failed);
    payment.method != Method::PaymentLink && !refused_or_unsent
}
