//! The frame of every page: the operator who is signed in, the links, and the outcome of the last
//! action.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use url::form_urlencoded;

use super::error::Refused;
use super::responses::guarded;

/// The frame of a page.
pub(super) struct Frame {
    /// The page's address, to mark it among the links.
    pub(super) here: &'static str,
    /// The name of the operator who is signed in.
    pub(super) name: String,
    /// The role of the operator.
    pub(super) role: &'static str,
    /// Set when buttons are shown.
    pub(super) acts: bool,
    /// The token that each form carries.
    pub(super) csrf: String,
    /// The outcome of the last action.
    pub(super) said: Option<&'static str>,
}

impl Frame {
    /// Every page that has a link.
    pub(super) const LINKS: [(&'static str, &'static str); 11] = [
        ("/", "Overview"),
        ("/lists/review", "Review"),
        ("/lists/quarantine", "Quarantine"),
        ("/lists/dead", "Dead webhooks"),
        ("/lists/unknown", "Unknown outcomes"),
        ("/lists/late", "Late payments"),
        ("/lists/refunds", "Refunds"),
        ("/channels", "Channels"),
        ("/endpoints", "Endpoints"),
        ("/keys", "API keys"),
        ("/log", "Log"),
    ];

    /// Returns the links, each with whether it leads here.
    pub(super) fn links(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let here = self.here;
        Self::LINKS
            .into_iter()
            .map(move |(place, name)| (place, name, place == here))
    }
}

/// The sentences about an action's outcome, by word: a page's address carries a word, and only known
/// words are shown.
const SAID: [(&str, &str); 26] = [
    (
        "sync_refused",
        "The provider refused to say; the order's history below has its words.",
    ),
    ("synced", "The provider answered; the order below shows it."),
    (
        "no_answer",
        "The provider did not answer. Nothing changed; try again later.",
    ),
    ("too_soon", "An order can be synced once in 2 seconds."),
    ("cancelled", "The order is cancelled."),
    ("is_paid", "It was not cancelled: it is paid."),
    (
        "not_cancelled",
        "It was not cancelled: its state does not allow it.",
    ),
    (
        "redelivered",
        "The event is being sent again to every endpoint that wants it.",
    ),
    (
        "nobody_wants_it",
        "Nothing was sent: no enabled endpoint wants this event.",
    ),
    ("retried", "It is matched again now."),
    ("dismissed", "It is left alone from now on."),
    (
        "enabled",
        "The endpoint is enabled; what waited for it is sent.",
    ),
    (
        "disabled",
        "The endpoint is disabled; nothing more is sent to it.",
    ),
    ("revoked", "The key is revoked."),
    (
        "asked",
        "The refund is asked for. Complete it below when the money went back.",
    ),
    (
        "not_asked",
        "It was not asked for: more than is left of what was paid.",
    ),
    ("no_reason", "Nothing was done: a refund needs its reason."),
    (
        "no_sum",
        "Nothing was done: the sum is whole rupiah, like 25000 or 25.000.",
    ),
    ("completed", "The refund is completed and booked."),
    ("refund_cancelled", "The refund is cancelled."),
    (
        "not_cancelled_refund",
        "Nothing was done: the refund was completed, its money went back.",
    ),
    (
        "not_completed",
        "It was not completed: it was before, or this money is not there any more.",
    ),
    (
        "no_evidence",
        "Nothing was done: a refund is completed with its evidence.",
    ),
    ("resolved", "It is decided and booked."),
    ("not_resolved", "There is nothing to decide any more."),
    (
        "no_verdict",
        "Nothing was done: choose what becomes of the money.",
    ),
];

/// Returns the sentence for the word in a page's address.
pub(super) fn said(query: &str) -> Option<&'static str> {
    let word = parameter(query, "said")?;
    let found = SAID.into_iter().find(|(known, _)| *known == word);
    found.map(|(_, sentence)| sentence)
}

/// Returns the first value of this name in a page's address.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

/// Renders a page as HTML.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Refused> {
    let html = page.render().map_err(Refused::broken)?;
    Ok(guarded(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_are_said() {
        assert_eq!(said("after=1&said=revoked"), Some("The key is revoked."));
        for query in ["", "said=", "said=Your+account+is+locked", "sad=revoked"] {
            assert_eq!(said(query), None, "{query}");
        }
    }
}
