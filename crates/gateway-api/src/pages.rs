//! What a payer sees: the checkout page, its QR pictures, its status. Pure functions of a view; who may
//! see an order is decided by [`token_matches`], and a wrong token is told from nothing by no one.

mod checkout;
mod choices;
mod events;
mod formats;
mod language;
mod qr;
mod query;
mod reply;

use subtle::ConstantTimeEq;

pub use checkout::{CheckoutStatus, CheckoutView, Message, render_checkout, render_message};
pub use choices::{Choice, choices, read_choice};
pub use events::{events, no_events};
pub use formats::rupiah;
pub use language::Language;
pub use qr::{QrError, SIZE_DEFAULT, SIZE_MAX, SIZE_MIN, qr_png, qr_svg};
pub use query::PageQuery;
pub use reply::{html, page, picture_png, picture_svg, see_other, status_json};

/// Whether the token of a link is the order's; takes the same time however much of it is right.
#[must_use]
pub fn token_matches(expected: &str, given: Option<&str>) -> bool {
    let given = given.unwrap_or_default();
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        assert!(token_matches("s3cret", Some("s3cret")));
        for given in [
            None,
            Some(""),
            Some("s3cre"),
            Some("s3crets"),
            Some("S3cret"),
        ] {
            assert!(!token_matches("s3cret", given), "{given:?}");
        }
        assert!(!token_matches("", Some("")));
        assert!(!token_matches("", None));
    }
}
