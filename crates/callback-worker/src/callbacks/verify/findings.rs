//! The words in which verification reports what it found; all of them are metric labels.

use std::borrow::Cow;

use ayolinx_core::provider_time::parse_time;
use ayolinx_core::signing::RsaVerifyingKey;
use chrono::{DateTime, TimeDelta, Utc};

const OLDEST: TimeDelta = TimeDelta::hours(24);
const FURTHEST_AHEAD: TimeDelta = TimeDelta::minutes(10);

/// The reason why a callback was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// A signature header is missing, doubled or not ASCII, or `Authorization` is no bearer token.
    Headers,
    /// No key, route and body form give this signature.
    Signature,
    /// The signature holds but the token is not one of ours, or expired.
    Token,
}

impl RejectReason {
    /// Returns the name in metrics, logs and storage.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Headers => "bad_headers",
            Self::Signature => "bad_signature",
            Self::Token => "bad_token",
        }
    }
}

/// The two signature kinds of callbacks (protocol 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// Kind C: RSA, no token.
    NonSnap,
    /// Kind E: HMAC with a token of ours.
    Snap,
}

impl SignatureKind {
    /// Returns the name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NonSnap => "non_snap",
            Self::Snap => "snap",
        }
    }
}

/// The name of one of several keys of a kind: the first digits of a public key's fingerprint, or
/// `current` and `previous` for the client secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(Cow<'static, str>);

impl KeyName {
    pub(super) const CURRENT_SECRET: Self = Self(Cow::Borrowed("current"));
    pub(super) const PREVIOUS_SECRET: Self = Self(Cow::Borrowed("previous"));
    const DIGITS: usize = 16;

    pub(super) fn of_public_key(key: &RsaVerifyingKey) -> Self {
        Self(key.fingerprint().chars().take(Self::DIGITS).collect())
    }

    /// Returns the name in metrics.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Readings of the provider's undefined "route" (protocol 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedRoute {
    /// The mounted path.
    Mounted,
    /// The mounted path, `?` and the query as received.
    WithQuery,
    /// `/v1/qr/qr-mpm-notify`, on the QRIS path only.
    ShortQris,
    /// The path as received, with other slashes than the mounted one, and the query where there is one.
    Received,
}

impl MatchedRoute {
    /// Returns the name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mounted => "mounted",
            Self::WithQuery => "with_query",
            Self::ShortQris => "short_qris",
            Self::Received => "received",
        }
    }
}

/// The form of the body that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedBody {
    /// The bytes as received.
    Received,
    /// The body without white space outside strings.
    Minified,
}

impl MatchedBody {
    /// Returns the name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Minified => "minified",
        }
    }
}

/// The position of `X-TIMESTAMP` relative to the receipt: within 24 h back and 10 min ahead, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A timestamp within those bounds.
    Fresh,
    /// A timestamp outside of them: no change of state, one inquiry.
    Stale,
    /// A timestamp that could not be read: treated as stale.
    Unreadable,
}

impl Freshness {
    /// Returns the name in metrics, logs and storage.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
        }
    }

    pub(super) fn of(timestamp_text: &str, received_at: DateTime<Utc>) -> Self {
        match parse_time(timestamp_text) {
            None => Self::Unreadable,
            Some(time) if time < received_at - OLDEST => Self::Stale,
            Some(time) if time > received_at + FURTHEST_AHEAD => Self::Stale,
            Some(_) => Self::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_a_day_back_and_ten_minutes_ahead() {
        let now = DateTime::parse_from_rfc3339("2026-11-21T12:00:00+07:00")
            .unwrap()
            .to_utc();
        for (timestamp, expected) in [
            ("2026-11-21T12:00:00+07:00", Freshness::Fresh),
            ("2026-11-20T12:00:00+07:00", Freshness::Fresh),
            ("2026-11-20T11:59:59+07:00", Freshness::Stale),
            ("2026-11-21T12:10:00+07:00", Freshness::Fresh),
            ("2026-11-21T12:10:01+07:00", Freshness::Stale),
            ("2026-11-21T05:00:00Z", Freshness::Fresh),
            ("1970-01-01T00:00:00Z", Freshness::Stale),
            ("9999-12-31T23:59:59Z", Freshness::Stale),
            ("yesterday", Freshness::Unreadable),
            ("20261121", Freshness::Unreadable),
        ] {
            assert_eq!(Freshness::of(timestamp, now), expected, "{timestamp}");
        }
    }
}
