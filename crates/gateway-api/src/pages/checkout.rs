//! The checkout page: what an order is about and what its payer does next, in one template.

use askama::Template;
use ayolinx_core::artefact::Artefact;
use ayolinx_core::order_view::{OrderRecord, PaymentRecord};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::choices::Choice;
use super::formats::{jakarta, rupiah};
use super::language::{Language, Texts};

/// What the page shows.
pub struct CheckoutView<'o> {
    /// The shop's name.
    pub shop: &'o str,
    /// The order; its payments newest first.
    pub order: &'o OrderRecord,
    /// Offered while the order has no open payment; from [`super::choices()`].
    pub choices: Vec<Choice>,
    /// The time, to tell what has expired but is not booked so yet.
    pub now: DateTime<Utc>,
}

impl CheckoutView<'_> {
    /// The QR text to draw; `None` when the payer has none to scan.
    #[must_use]
    pub fn qr_text(&self) -> Option<&str> {
        match self.payable()?.artefact.as_ref()? {
            Artefact::Qr { qr_string } => Some(qr_string),
            Artefact::Redirect { .. }
            | Artefact::VirtualAccount { .. }
            | Artefact::PaymentCode { .. } => None,
        }
    }

    /// What the page's script compares.
    #[must_use]
    pub fn status(&self) -> CheckoutStatus {
        CheckoutStatus {
            status: self.order.state,
            version: self.order.version,
        }
    }

    /// The payment the payer can pay now.
    fn payable(&self) -> Option<&PaymentRecord> {
        if self.order.state != OrderState::Pending {
            return None;
        }
        let mut payments = self.order.payments.iter();
        payments
            .find(|payment| payment.state == PaymentState::Pending && payment.expires_at > self.now)
    }

    fn state(&self, texts: &Texts) -> State<'_> {
        if let Some(ended) = ended(self.order.state, texts) {
            return ended;
        }
        if self.order.expires_at <= self.now {
            return State::ended("bad", texts.expired, texts.expired_text);
        }
        let is_open = |payment: &PaymentRecord| {
            matches!(
                payment.state,
                PaymentState::Creating | PaymentState::Unknown
            )
        };
        match self.payable().and_then(|payment| payment.artefact.as_ref()) {
            Some(artefact) => State::of(artefact),
            None if self.order.payments.iter().any(is_open) => State::Preparing,
            None => State::Choose {
                choices: &self.choices,
            },
        }
    }
}

/// `{"status":"pending","version":2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CheckoutStatus {
    /// The order's state.
    pub status: OrderState,
    /// Another version means another page.
    pub version: i32,
}

/// The one thing the page is about.
enum State<'o> {
    Ended {
        kind: &'static str,
        title: &'static str,
        text: &'static str,
    },
    Preparing,
    Choose {
        choices: &'o [Choice],
    },
    Qr,
    Redirect {
        url: &'o str,
    },
    VirtualAccount {
        number: &'o str,
        bank: &'o str,
        account_name: &'o str,
    },
    PaymentCode {
        code: &'o str,
        store: &'o str,
        instructions_url: Option<&'o str>,
    },
}

impl<'o> State<'o> {
    const fn ended(kind: &'static str, title: &'static str, text: &'static str) -> Self {
        Self::Ended { kind, title, text }
    }

    fn of(artefact: &'o Artefact) -> Self {
        match artefact {
            Artefact::Qr { .. } => Self::Qr,
            Artefact::Redirect { url, .. } if is_web(url) => Self::Redirect { url },
            Artefact::Redirect { .. } => Self::Preparing,
            Artefact::VirtualAccount {
                number,
                bank,
                account_name,
            } => Self::VirtualAccount {
                number,
                bank,
                account_name,
            },
            Artefact::PaymentCode {
                code,
                store,
                instructions_url,
            } => Self::PaymentCode {
                code,
                store,
                instructions_url: instructions_url.as_deref().filter(|url| is_web(url)),
            },
        }
    }
}

/// Only such a URL becomes a link: escaping does not make `javascript:` harmless.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

const fn ended<'o>(state: OrderState, texts: &Texts) -> Option<State<'o>> {
    Some(match state {
        OrderState::Pending => return None,
        OrderState::Paid => State::ended("good", texts.paid, texts.paid_text),
        OrderState::Expired => State::ended("bad", texts.expired, texts.expired_text),
        OrderState::Cancelled => State::ended("bad", texts.cancelled, texts.cancelled_text),
        OrderState::Failed => State::ended("bad", texts.failed, texts.failed_text),
        OrderState::Review => State::ended("waiting", texts.review, texts.review_text),
        OrderState::Refunded => State::ended("good", texts.refunded, texts.refunded_text),
    })
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct Page<'o> {
    lang: &'static str,
    t: &'static Texts,
    shop: &'o str,
    amount: String,
    plain_amount: String,
    description: Option<&'o str>,
    reference: &'o str,
    state: State<'o>,
    /// Whether the page may still change by itself.
    waits: bool,
    version: i32,
    base: String,
    query: String,
    query_id: String,
    query_en: String,
    expires: String,
    expires_iso: String,
    return_url: Option<&'o str>,
}

/// The page as HTML.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub fn render_checkout(
    view: &CheckoutView<'_>,
    language: Language,
) -> Result<String, askama::Error> {
    let order = view.order;
    let texts = language.texts();
    let token = &order.checkout_token;
    let in_language = |language: Language| format!("?t={token}&lang={}", language.tag());
    let state = view.state(texts);
    let expires_at = view
        .payable()
        .map_or(order.expires_at, |payment| payment.expires_at);
    Page {
        lang: language.tag(),
        t: texts,
        shop: view.shop,
        amount: rupiah(order.amount),
        plain_amount: order.amount.whole_rupiah().to_string(),
        description: order.description.as_deref(),
        reference: &order.reference,
        waits: !matches!(state, State::Ended { .. }),
        state,
        version: order.version,
        base: format!("/pay/{}", order.id),
        query: in_language(language),
        query_id: in_language(Language::Indonesian),
        query_en: in_language(Language::English),
        expires: jakarta(expires_at, language),
        expires_iso: expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        return_url: order.return_url.as_deref().filter(|url| is_web(url)),
    }
    .render()
}

/// A page that is about no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Wrong or missing token, unknown order, unknown path: all look the same.
    NotFound,
    /// The database is away, or something broke.
    Unavailable,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    lang: &'static str,
    kind: &'static str,
    title: &'static str,
    text: &'static str,
}

/// A page that is about no order, as HTML.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub fn render_message(message: Message, language: Language) -> Result<String, askama::Error> {
    let texts = language.texts();
    let (title, text) = match message {
        Message::NotFound => (texts.not_found, texts.not_found_text),
        Message::Unavailable => (texts.unavailable, texts.unavailable_text),
    };
    let (lang, kind) = (language.tag(), "bad");
    MessagePage {
        lang,
        kind,
        title,
        text,
    }
    .render()
}

#[cfg(test)]
mod tests;
