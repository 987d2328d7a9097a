//! The checkout page: the subject of an order and the payer's next step, in one template. The routes call it; it
//! decides by `states` and speaks by `language`. Invariant: a page is a pure function of its view.

mod states;

use askama::Template;
use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::ChannelTable;
use ayolinx_core::order_view::{OrderRecord, PaymentRecord};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, SecondsFormat, Utc};
use ledger::PAYMENTS_MAX;
use serde::Serialize;

use self::states::{Ended, Kind, State, ended, web_link};
use super::choices::{Choice, Group, grouped, shown_name};
use super::formats::jakarta;
use super::language::{Language, Texts};
use crate::pages::rupiah::rupiah;

/// The style sheet inside every page for payers.
pub(crate) const STYLE: &str = include_str!("../../assets/checkout.css");

/// The data that the page shows.
pub struct CheckoutView<'o> {
    /// The shop's name.
    pub shop: &'o str,
    /// The order; its payments newest first.
    pub order: &'o OrderRecord,
    /// Set when the shop left the way to pay to the payer.
    pub payer_chooses: bool,
    /// The ways to pay that suit the order; from [`super::choices::choices()`].
    pub choices: Vec<Choice>,
    /// The channels, for their names.
    pub channels: &'o ChannelTable,
    /// Set when the payer's last choice could not be opened.
    pub was_refused: bool,
    /// The current time, to find orders that have expired but are not booked as expired yet.
    pub now: DateTime<Utc>,
}

impl CheckoutView<'_> {
    /// Returns the QR text to draw; `None` when the payer has none to scan.
    #[must_use]
    pub fn qr_text(&self) -> Option<&str> {
        match self.payable()?.artefact.as_ref()? {
            Artefact::Qr { qr_string } => Some(qr_string),
            Artefact::Redirect { .. }
            | Artefact::VirtualAccount { .. }
            | Artefact::PaymentCode { .. } => None,
        }
    }

    /// Returns the status that the page's script compares.
    #[must_use]
    pub fn status(&self) -> CheckoutStatus {
        CheckoutStatus {
            status: self.order.state,
            version: self.order.version,
        }
    }

    /// Returns the payment the payer can pay now.
    fn payable(&self) -> Option<&PaymentRecord> {
        if self.order.state != OrderState::Pending {
            return None;
        }
        let mut payments = self.order.payments.iter();
        payments
            .find(|payment| payment.state == PaymentState::Pending && payment.expires_at > self.now)
    }

    fn is_over(&self) -> bool {
        self.order.expires_at <= self.now
    }

    /// Returns whether a further payment could be opened from here.
    fn may_choose(&self) -> bool {
        let tried = self.order.payments.len();
        !self.is_over() && tried < PAYMENTS_MAX && !self.choices.is_empty()
    }

    fn name_of(&self, payment: &PaymentRecord) -> Option<String> {
        let code = payment.channel.as_deref()?;
        self.channels.get(code).map(shown_name)
    }

    fn state(&self, texts: &Texts) -> State<'_> {
        if let Some(ended) = ended(self.order, texts) {
            return State::Ended(ended);
        }
        if self.is_over() {
            return State::Ended(Ended {
                kind: Kind::Waiting,
                title: texts.expired,
                text: texts.over_text,
            });
        }
        let payable = self.payable();
        match payable.and_then(|payment| payment.artefact.as_ref()) {
            Some(artefact) => State::of(artefact, payable.and_then(|p| self.name_of(p))),
            None if self.order.payments.iter().any(is_in_the_making) => State::Preparing,
            None => State::Choose,
        }
    }

    fn offer(&self, state: &State<'_>) -> Offer {
        let is_failed = self.order.state == OrderState::Failed;
        match state {
            _ if !self.may_choose() => Offer::Nothing,
            State::Choose => Offer::Ways,
            State::Ended(_) if is_failed => Offer::Again,
            State::Ended(_) => Offer::Nothing,
            _ if self.payer_chooses => Offer::Another,
            _ => Offer::Nothing,
        }
    }

    fn notice(&self, state: &State<'_>, texts: &Texts) -> Option<&'static str> {
        let newest = self.order.payments.first().map(|payment| payment.state);
        let is_spent = newest.is_some_and(|state| !state.is_open());
        match state {
            State::Ended(_) if self.order.state != OrderState::Failed => None,
            _ if self.was_refused => Some(texts.refused),
            State::Choose if is_spent => Some(texts.was_failed),
            _ => None,
        }
    }
}

const fn is_in_the_making(payment: &PaymentRecord) -> bool {
    matches!(
        payment.state,
        PaymentState::Creating | PaymentState::Unknown
    )
}

/// The status in JSON: `{"status":"pending","version":2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CheckoutStatus {
    /// The order's state.
    pub status: OrderState,
    /// The order's version. Another version means another page.
    pub version: i32,
}

/// The ways to pay that the page offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nothing,
    /// The ways as the subject of the page.
    Ways,
    /// The ways after a payment that failed.
    Again,
    /// The ways beside the payment on show.
    Another,
}

/// The receipt shown for a paid order.
struct Receipt {
    at: String,
    by: Option<String>,
}

#[derive(Template)]
#[template(path = "checkout.html")]
struct Page<'o> {
    lang: &'static str,
    style: &'static str,
    t: &'static Texts,
    shop: &'o str,
    initial: String,
    amount: String,
    plain_amount: String,
    description: Option<&'o str>,
    reference: &'o str,
    /// File name of the saved QR picture: the reference without path separators.
    picture_name: String,
    title: String,
    state: State<'o>,
    notice: Option<&'static str>,
    offer: Offer,
    groups: Vec<Group<'o>>,
    open: bool,
    receipt: Option<Receipt>,
    /// Set while the page may still change by itself.
    waits: bool,
    version: i32,
    base: String,
    query: String,
    query_id: String,
    query_en: String,
    expires: String,
    expires_iso: String,
    /// Seconds left, of the order or of the payment on show.
    left: Option<i64>,
    return_url: Option<&'o str>,
}

/// Renders the page as HTML.
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
    let left = expires_at.signed_duration_since(view.now).num_seconds();
    Page {
        lang: language.tag(),
        style: STYLE,
        t: texts,
        shop: view.shop,
        initial: view
            .shop
            .chars()
            .take(1)
            .flat_map(char::to_uppercase)
            .collect(),
        amount: rupiah(order.amount),
        plain_amount: order.amount.whole_rupiah().to_string(),
        description: order.description.as_deref(),
        reference: &order.reference,
        picture_name: order.reference.replace(['/', ':', '#'], "-"),
        title: state.title(texts),
        notice: view.notice(&state, texts),
        offer: view.offer(&state),
        groups: grouped(&view.choices),
        open: view.was_refused,
        receipt: receipt(view, language),
        waits: matches!(order.state, OrderState::Pending | OrderState::Review),
        left: (!matches!(state, State::Ended(_))).then_some(left),
        state,
        version: order.version,
        base: format!("/pay/{}", order.id),
        query: in_language(language),
        query_id: in_language(Language::Indonesian),
        query_en: in_language(Language::English),
        expires: jakarta(expires_at, language),
        expires_iso: expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        return_url: order.return_url.as_deref().and_then(web_link),
    }
    .render()
}

fn receipt(view: &CheckoutView<'_>, language: Language) -> Option<Receipt> {
    let paid_at = view.order.paid_at?;
    let mut payments = view.order.payments.iter();
    let paid = payments.find(|payment| payment.paid_at.is_some());
    Some(Receipt {
        at: jakarta(paid_at, language),
        by: paid.and_then(|payment| view.name_of(payment)),
    })
}

/// The message on a page that is about no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A wrong or missing token, unknown order or unknown path: all look the same.
    NotFound,
    /// The database is away, or a failure of ours.
    Unavailable,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    lang: &'static str,
    style: &'static str,
    title: &'static str,
    text: &'static str,
}

/// Renders a page that is about no order, as HTML.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub fn render_message(message: Message, language: Language) -> Result<String, askama::Error> {
    let texts = language.texts();
    let (title, text) = match message {
        Message::NotFound => (texts.not_found, texts.not_found_text),
        Message::Unavailable => (texts.unavailable, texts.unavailable_text),
    };
    MessagePage {
        lang: language.tag(),
        style: STYLE,
        title,
        text,
    }
    .render()
}

#[cfg(test)]
mod tests;
