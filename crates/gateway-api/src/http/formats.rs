//! The shapes of single texts: reference, URL, times. Pure yes-or-no rules.

use std::net::IpAddr;

use ayolinx_core::provider_time::is_leap_second;
use chrono::{DateTime, Utc};
use url::{Host, Url};

use super::error::FieldCode;

/// Returns whether a text has a control character (C0, DEL, C1; also a line end).
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// The rule for a reference's characters, for the shop's developer.
pub(crate) const REFERENCE_RULE: &str = "must be 1 to 64 of A-Z a-z 0-9 . _ / # : -";

/// Returns whether a text is a reference, `[A-Za-z0-9._/#:-]`. The table `orders` has the same rule.
pub(crate) fn is_reference(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'#' | b':' | b'-')
        })
}

/// Checks that a payer's browser may be sent to a URL: https, or http on loopback; no user name. It is passed on as it
/// was written, so a URL that a browser would have to repair is refused.
pub(crate) fn check_return_url(text: &str) -> Result<(), (FieldCode, &'static str)> {
    const MALFORMED: (FieldCode, &str) = (FieldCode::InvalidFormat, "must be an absolute URL");
    if text.contains(|c: char| c.is_whitespace() || c == '\\') {
        return Err(MALFORMED);
    }
    let url = Url::parse(text).map_err(|_| MALFORMED)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err((FieldCode::UrlNotAllowed, "must be https"));
    }
    let (_, rest) = text.split_once("://").ok_or(MALFORMED)?;
    if rest.starts_with('/') {
        return Err(MALFORMED);
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err((
            FieldCode::UrlNotAllowed,
            "must not hold a user name or password",
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err((
            FieldCode::UrlNotAllowed,
            "must be https (http only on loopback)",
        ));
    }
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// Reads an RFC 3339 time with any offset, to the millisecond, as it is returned later. A second `:60` is refused: the
/// provider cannot be sent it, and our own form would state another time.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    if is_leap_second(time) {
        return None;
    }
    DateTime::from_timestamp_millis(time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use ayolinx_core::order_view::jakarta_millis;
    use ayolinx_core::provider_time::{self, format_jakarta};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references() {
        for good in [
            "a",
            "INV-2026-0001",
            "INV/2026/11/0001",
            "#1001",
            "POS:7/0042",
            "a.b_c-D9",
            "...",
            "//",
        ] {
            assert!(is_reference(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "a b",
            "a\\b",
            "a?b",
            "a%2Fb",
            "a&b",
            "a=b",
            "é",
            "a\n",
            "a/\u{2215}",
        ] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn return_urls() {
        for good in [
            "https://shop.example.co.id/thanks",
            "https://shop.example.co.id:8443/a?b=c@d#e",
            "HTTPS://shop.example.co.id",
            "http://localhost:3000/x",
            "http://127.0.0.1/x",
            "http://[::1]:80/",
        ] {
            assert_eq!(check_return_url(good), Ok(()), "{good}");
        }
        for (bad, code) in [
            ("", FieldCode::InvalidFormat),
            ("shop.example", FieldCode::InvalidFormat),
            ("/thanks", FieldCode::InvalidFormat),
            ("//shop.example/x", FieldCode::InvalidFormat),
            ("https:shop.example", FieldCode::InvalidFormat),
            ("https:///shop.example", FieldCode::InvalidFormat),
            ("https://", FieldCode::InvalidFormat),
            (
                "https://shop.example\\@evil.example",
                FieldCode::InvalidFormat,
            ),
            (" https://shop.example", FieldCode::InvalidFormat),
            ("https://shop.example/a b", FieldCode::InvalidFormat),
            ("http://shop.example/", FieldCode::UrlNotAllowed),
            ("http://localhost.evil.example/", FieldCode::UrlNotAllowed),
            ("http://10.0.0.1/", FieldCode::UrlNotAllowed),
            ("javascript:alert(1)", FieldCode::UrlNotAllowed),
            ("ftp://shop.example/", FieldCode::UrlNotAllowed),
            ("intent://shop#Intent", FieldCode::UrlNotAllowed),
            ("https://user@shop.example/", FieldCode::UrlNotAllowed),
            ("https://user:pw@shop.example/", FieldCode::UrlNotAllowed),
            ("https://@shop.example/", FieldCode::UrlNotAllowed),
        ] {
            let found = check_return_url(bad).map_err(|(code, _)| code);
            assert_eq!(found, Err(code), "{bad}");
        }
    }

    proptest! {
        /// Checks that an accepted time is one instant everywhere: each of its spellings reads back as the same.
        #[test]
        fn a_time_that_is_accepted_comes_out_as_one_instant(
            text in "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-4]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,9})?(Z|[+-]0[0-9]:[0-5][0-9])",
        ) {
            if let Some(time) = parse_time(&text) {
                prop_assert!(!text.contains(":60"));
                prop_assert_eq!(parse_time(&jakarta_millis(time)), Some(time));
                let at_provider = provider_time::parse_time(&format_jakarta(time)).unwrap();
                prop_assert_eq!(at_provider.timestamp(), time.timestamp());
            }
        }
    }

    #[test]
    fn times_need_an_offset() {
        let time = parse_time("2026-11-21T15:00:00+07:00").unwrap();
        assert_eq!(parse_time("2026-11-21T08:00:00.000Z"), Some(time));
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21T15:00:00",
            "1763712000",
            "2026-02-30T00:00:00Z",
            "2026-11-21T23:59:60Z",
            "2026-11-22T06:59:60.5+07:00",
            "2016-12-31T23:59:60Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T15:00:61Z",
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }
}
