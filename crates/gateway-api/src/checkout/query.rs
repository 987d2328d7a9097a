//! The query of a payer's page. Unlike the API's it tolerates unknown parameters: messengers and
//! browsers add parameters of their own to links.

use url::form_urlencoded;

use super::language::Language;
use crate::pages::qr::{SIZE_DEFAULT, SIZE_MAX, SIZE_MIN};

/// The parameters of a page's link.
#[derive(Clone, Default)]
pub struct PageQuery {
    token: Option<String>,
    language: Option<Language>,
    size: Option<u32>,
    was_refused: bool,
}

impl PageQuery {
    /// Reads a query string; of a repeated parameter the first counts.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "t" if read.token.is_none() => read.token = Some(value.into_owned()),
                "lang" if read.language.is_none() => read.language = Language::of_tag(&value),
                "refused" => read.was_refused = true,
                "size" if read.size.is_none() => read.size = value.parse().ok(),
                _ => {}
            }
        }
        read
    }

    /// Returns the link's secret, for [`super::token::token_matches`].
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Returns the language asked for, else the one the browser prefers.
    #[must_use]
    pub fn language(&self, accept_language: Option<&str>) -> Language {
        self.language
            .unwrap_or_else(|| Language::of_header(accept_language))
    }

    /// Returns whether the page comes after a choice that could not be opened.
    #[must_use]
    pub fn was_refused(&self) -> bool {
        self.was_refused
    }

    /// Returns the edge of the QR picture in pixels, clamped to the allowed range.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size.unwrap_or(SIZE_DEFAULT).clamp(SIZE_MIN, SIZE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_in_a_link_do_no_harm() {
        let query = PageQuery::parse("fbclid=1&t=a%2Bb&t=c&lang=en&size=9999");
        assert_eq!(query.token(), Some("a+b"));
        assert_eq!(query.language(Some("id")), Language::English);
        assert_eq!(query.size(), SIZE_MAX);
        let empty = PageQuery::parse("lang=xx&size=x");
        assert_eq!(empty.token(), None);
        assert_eq!(empty.language(Some("en")), Language::English);
        assert_eq!(empty.size(), SIZE_DEFAULT);
    }
}
