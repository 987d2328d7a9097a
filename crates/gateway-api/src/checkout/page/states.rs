//! The one subject of a checkout page: how to pay, or how the order ended.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::order_view::OrderRecord;
use ayolinx_core::states::OrderState;
use url::Url;

use crate::checkout::formats::fours;
use crate::checkout::language::Texts;

/// The appearance of an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    Bad,
    Waiting,
}

impl Kind {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Waiting => "waiting",
        }
    }
}

/// An end of an order, or a state that looks like one.
pub(crate) struct Ended {
    pub(crate) kind: Kind,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

/// A number in groups of four for the eye, and plain for the clipboard.
pub(crate) struct Number<'o> {
    pub(crate) plain: &'o str,
    pub(crate) fours: Vec<String>,
}

impl<'o> Number<'o> {
    fn of(plain: &'o str) -> Self {
        Self {
            plain,
            fours: fours(plain),
        }
    }
}

/// The subject of the page.
pub(crate) enum State<'o> {
    Ended(Ended),
    Preparing,
    Choose,
    Qr,
    Redirect {
        url: &'o str,
        /// The wallet's name; a payment link has none.
        name: Option<String>,
    },
    VirtualAccount {
        number: Number<'o>,
        bank: &'o str,
        account_name: &'o str,
    },
    PaymentCode {
        code: Number<'o>,
        store: &'o str,
        instructions_url: Option<&'o str>,
    },
}

impl<'o> State<'o> {
    /// Returns the step that an open payment asks of its payer; `name` is its channel's.
    pub(crate) fn of(artefact: &'o Artefact, name: Option<String>) -> Self {
        match artefact {
            Artefact::Qr { .. } => Self::Qr,
            Artefact::Redirect { url, .. } => match web_link(url) {
                Some(url) => Self::Redirect { url, name },
                None => Self::Preparing,
            },
            Artefact::VirtualAccount {
                number,
                bank,
                account_name,
            } => Self::VirtualAccount {
                number: Number::of(number),
                bank,
                account_name,
            },
            Artefact::PaymentCode {
                code,
                store,
                instructions_url,
            } => Self::PaymentCode {
                code: Number::of(code),
                store,
                instructions_url: instructions_url.as_deref().and_then(web_link),
            },
        }
    }

    /// Returns the heading.
    pub(crate) fn title(&self, texts: &Texts) -> String {
        match self {
            Self::Ended(ended) => ended.title.to_owned(),
            Self::Preparing => texts.preparing.to_owned(),
            Self::Choose => texts.choose.to_owned(),
            Self::Qr => texts.scan.to_owned(),
            Self::Redirect { name: None, .. } => texts.go_on.to_owned(),
            Self::Redirect {
                name: Some(name), ..
            } => format!("{} {name}", texts.pay_with),
            Self::VirtualAccount { bank, .. } => format!("{} {bank}", texts.transfer),
            Self::PaymentCode { store, .. } => format!("{} {store}", texts.pay_at),
        }
    }
}

/// Returns the end of an order; `None` while it can be paid.
pub(crate) const fn ended(order: &OrderRecord, texts: &Texts) -> Option<Ended> {
    let (kind, title, text) = match order.state {
        OrderState::Pending => return None,
        OrderState::Paid if order.paid_late => (Kind::Good, texts.late, texts.late_text),
        OrderState::Paid => (Kind::Good, texts.paid, texts.paid_text),
        OrderState::Expired => (Kind::Bad, texts.expired, texts.expired_text),
        OrderState::Cancelled => (Kind::Bad, texts.cancelled, texts.cancelled_text),
        OrderState::Failed => (Kind::Bad, texts.failed, texts.failed_text),
        OrderState::Review => (Kind::Waiting, texts.review, texts.review_text),
        OrderState::Refunded => (Kind::Good, texts.refunded, texts.refunded_text),
    };
    Some(Ended { kind, title, text })
}

/// Returns the URL if it may become a link: escaping does not make `javascript:` harmless, and a user
/// name looks like a host.
pub(crate) fn web_link(url: &str) -> Option<&str> {
    let read = Url::parse(url).ok()?;
    let is_web = matches!(read.scheme(), "https" | "http") && read.has_host();
    (is_web && read.username().is_empty() && read.password().is_none()).then_some(url)
}
