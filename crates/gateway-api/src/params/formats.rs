//! The shapes of single texts: reference, e-mail, phone, URL, times. Pure yes-or-no rules.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use url::{Host, Url};

use crate::error::FieldCode;

/// Whether a text has a control character (C0, DEL, C1; also a line end).
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// `[A-Za-z0-9._-]`, the characters of a reference.
pub(crate) fn is_reference(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// 8 to 15 digits, optionally behind a plus.
pub(crate) fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address a mail server could take: ASCII, dot-atom before the `@`, a dotted host name after it.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    (1..=64).contains(&local.len())
        && local.split('.').all(is_atom)
        && host.len() <= 253
        && host.contains('.')
        && host.split('.').all(is_host_label)
}

fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
}

fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A URL a payer's browser may be sent to: https, or http on loopback; no user name.
/// It is passed on as it was written, so what a browser would have to repair is refused.
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

/// An RFC 3339 time with any offset.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for good in ["a", "INV-2026-0001", "a.b_c-D9", "..."] {
            assert!(is_reference(good), "{good}");
        }
        for bad in ["", " ", "a b", "a/b", "é", "a\n", "a#1"] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn phones() {
        for good in [
            "081234567890",
            "+6281234567890",
            "81234567",
            "123456789012345",
        ] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "1234567",
            "1234567890123456",
            "0812-3456-7890",
            "++62812345678",
            "٠٨١٢٣٤٥٦٧٨",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn emails() {
        for good in [
            "budi@example.co.id",
            "a+b@x.io",
            "o'neil.b@sub-1.example.com",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "budi",
            "@example.com",
            "budi@",
            "budi@localhost",
            "a b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@-x.com",
            "a@x..com",
            "a@b@c.com",
            "bü@example.com",
            "a@exämple.com",
            "Budi <budi@example.com>",
            "a,b@example.com",
        ] {
            assert!(!is_email(bad), "{bad}");
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
        ] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
    }
}
