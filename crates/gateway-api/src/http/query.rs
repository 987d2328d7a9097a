//! Query strings, strictly: a parameter that is unknown, stands twice or is not as documented is a
//! 400, because a parameter that is silently ignored would widen the answer.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use url::form_urlencoded;

use super::error::ApiError;
use super::formats::{has_control, parse_time};

/// A query string's parameters; every one is known and stands once.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Splits a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str, known: &[&str]) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let names = known.join(", ");
                return Err(ApiError::malformed_request(match known {
                    [] => "this call takes no query parameters".to_owned(),
                    _ => format!("unknown query parameter; known are {names}"),
                }));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(wrong(&name, "stands twice"));
            }
            if value.contains(char::REPLACEMENT_CHARACTER) || has_control(&value) {
                return Err(wrong(&name, "is not clean UTF-8 text"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// Returns the text of a parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Reads a parameter as `T`.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn read<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| wrong(name, "is no value it can have"))
            })
            .transpose()
    }

    /// Reads a whole number in a range, in plain digits.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn number<T: FromStr + PartialOrd + Display>(
        &self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if plain && range.contains(&number) => Ok(Some(number)),
            _ => {
                let (low, high) = (range.start(), range.end());
                Err(wrong(
                    name,
                    &format!("must be a whole number from {low} to {high}"),
                ))
            }
        }
    }

    /// Reads a time. A `+` that was not escaped arrives as a blank and is understood.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn time(&self, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match parse_time(&text.replace(' ', "+")) {
            Some(time) => Ok(Some(time)),
            None => Err(wrong(name, "must be an RFC 3339 time with an offset")),
        }
    }
}

/// Checks that there is no query, for calls that take none.
///
/// # Errors
/// 400 `malformed_request` when there is one.
pub fn no_query(query: &str) -> Result<(), ApiError> {
    Query::parse(query, &[]).map(|_none| ())
}

fn wrong(name: &str, why: &str) -> ApiError {
    ApiError::malformed_request(format!("query parameter {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_twice_and_unclean_are_refused() {
        for bad in ["b=1", "a=1&a=1", "a=1&A=1", "a=%ff", "a=%00", "a=%0a", "=1"] {
            assert!(Query::parse(bad, &["a"]).is_err(), "{bad}");
        }
        for good in ["", "a=1", "a=", "a", "a=%C3%A9", "&&"] {
            assert!(Query::parse(good, &["a"]).is_ok(), "{good}");
        }
        assert!(no_query("").is_ok());
        assert!(no_query("a=1").is_err());
    }

    #[test]
    fn numbers_are_plain_digits_in_range() {
        let number = |text: &str| {
            let query = Query::parse(&format!("a={text}"), &["a"]).unwrap();
            query.number::<u16>("a", 1..=200).ok().flatten()
        };
        assert_eq!(number("1"), Some(1));
        assert_eq!(number("200"), Some(200));
        for bad in [
            "",
            "0",
            "201",
            "-1",
            "%2B1",
            "1.0",
            "1e1",
            "x",
            "99999999999",
        ] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_bare_plus_in_a_time_is_understood() {
        let time = |text: &str| {
            let query = Query::parse(&format!("a={text}"), &["a"]).unwrap();
            query.time("a").ok().flatten()
        };
        let expected = parse_time("2026-11-20T17:00:00Z");
        assert!(expected.is_some());
        assert_eq!(time("2026-11-21T00:00:00%2B07:00"), expected);
        assert_eq!(time("2026-11-21T00:00:00+07:00"), expected);
        assert_eq!(time("2026-11-21"), None);
    }
}
