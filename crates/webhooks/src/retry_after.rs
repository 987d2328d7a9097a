//! The `Retry-After` header a shop may answer with: seconds or an HTTP date, at most 24 hours.

use std::time::{Duration, SystemTime};

use awc::http::header::{HeaderMap, HttpDate, RETRY_AFTER};
use chrono::{DateTime, Utc};

const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// Returns the wait that the answer asks for from `now`; `None` without a readable header.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match seconds(text) {
        Some(wait) => wait,
        None => until(text.parse::<HttpDate>().ok()?.into(), now),
    };
    Some(asked.min(RETRY_AFTER_MAX))
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs))
}

fn until(date: SystemTime, now: DateTime<Utc>) -> Duration {
    date.duration_since(SystemTime::from(now))
        .unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use awc::http::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(value: &str, expected_secs: Option<u64>) {
        let now = DateTime::parse_from_rfc3339("2026-11-21T10:00:00Z")
            .unwrap()
            .to_utc();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        assert_eq!(
            retry_after(&headers, now),
            expected_secs.map(Duration::from_secs),
            "{value}"
        );
    }

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        check("0", Some(0));
        check("120", Some(120));
        check(" 7 ", Some(7));
        check("999999", Some(86_400));
        check("99999999999999999999999999", Some(86_400));
        check("Sat, 21 Nov 2026 10:01:30 GMT", Some(90));
        check("Saturday, 21-Nov-26 10:01:30 GMT", Some(90));
        check("Sat, 21 Nov 2026 09:00:00 GMT", Some(0));
        check("Sun, 06 Nov 2044 08:49:37 GMT", Some(86_400));
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for value in ["", "-5", "+5", "1.5", "soon", "2026-11-21T10:01:30Z"] {
            check(value, None);
        }
        assert_eq!(retry_after(&HeaderMap::new(), Utc::now()), None);
    }
}
