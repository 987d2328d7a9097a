//! The behaviours where the provider's documents contradict each other or are silent (protocol 10): as the
//! gateway expects, or, if it is set so, the other way: `SANDBOX_READINGS`, a list of the names below.

use std::str::FromStr;

use serde_json::{Map, Value};

/// One way to behave other than by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Callbacks sign the documented path of the product, wherever they go (10 #1).
    RouteDocumented,
    /// Callbacks sign the path without the query of the URL (10 #2).
    RouteWithoutQuery,
    /// Callbacks hash PHP's `json_encode` of the body that they send otherwise spelt (10 #4).
    CallbackBodyPhp,
    /// SNAP callbacks are signed with HMAC-SHA256 (10 #5).
    SnapSha256,
    /// SNAP callbacks sign no token (10 #6).
    SnapStringWithoutToken,
    /// The SNAP notice of QRIS carries no bearer token and is signed as kind C (10 #7).
    QrisSnapBare,
    /// Token requests sign the client secret in place of the client id (10 #9).
    TokenSignsSecret,
    /// Any spelling of `X-TIMESTAMP` (10 #11, #12).
    TimestampsAny,
    /// Only `+07:00` in `X-TIMESTAMP` (10 #12).
    TimestampsJakarta,
    /// A minute of skew and no more, not five (10 #12).
    SkewOneMinute,
    /// `X-EXTERNAL-ID` need not be digits (10 #13).
    ExternalIdAny,
    /// An `X-EXTERNAL-ID` may come again (10 #13).
    ExternalIdAgain,
    /// Amounts are JSON numbers in what it says (10 #14).
    AmountsNumbers,
    /// E-wallets take no unix seconds in `validUpTo` (10 #15).
    EwalletIso,
    /// `expiredDate` of a QR is ISO (10 #16).
    QrExpiryIso,
    /// A QR comes with `qrUrl` and `referenceNo` (10 #17).
    QrExtras,
    /// Retail answers with seven digits, not `00` (10 #18).
    RetailSnapCode,
    /// A QRIS callback is taken as received only with `2005100` (10 #19).
    QrisReply51,
    /// Any HTTP 200 counts as received, whatever the body says (10 #21).
    ReplyByHttp,
    /// The portal's callback URL counts, not the request's (10 #22).
    PortalUrl,
    /// A link's reply names our reference, not the link's code (10 #24).
    LinkEchoesOurs,
    /// A link's `expiryDate` is right (10 #25).
    LinkExpiryRight,
    /// BRI's prefix is 15573 (10 #28).
    BriPrefix15573,
    /// Callbacks leave out amount, time and channel (10 #32).
    LeanCallbacks,
    /// A payment that expired unpaid has status 05 (10 #33).
    ExpiredIs05,
    /// A new token revokes the one before (10 #34).
    OneToken,
    /// `expiresIn` is a number (10 #34).
    ExpiresInNumber,
    /// Refusals are HTTP 200 with a refusing `responseCode` (10 #35).
    RefusalsHttp200,
    /// A reference that was used is answered as at first (10 #37).
    DuplicateAnswered,
    /// The inquiry of a virtual account answers in SNAP's shape (10 #41).
    VaInquirySnap,
    /// An unknown reference is a success with status 07 (10 #36, #41).
    NotFoundIs07,
    /// The inquiry of a virtual account says 404…12 of an unknown reference, as SNAP's VA family does (6.2).
    VaNotFound12,
    /// The inquiry of a paid virtual account says 404…14, "Paid Bill", and no amount (6.2).
    VaPaidBill14,
    /// The inquiry of a virtual account that expired unpaid says 404…19 (6.2).
    VaExpired19,
    /// Stores refuse with two digits, as their success `00` has (10 #18).
    RetailTwoDigits,
    /// Every transaction has the same `originalReferenceNo`.
    OneReference,
}

const NAMES: [(Reading, &str); 36] = [
    (Reading::RouteDocumented, "route_documented"),
    (Reading::RouteWithoutQuery, "route_without_query"),
    (Reading::CallbackBodyPhp, "callback_body_php"),
    (Reading::SnapSha256, "snap_sha256"),
    (Reading::SnapStringWithoutToken, "snap_string_without_token"),
    (Reading::QrisSnapBare, "qris_snap_bare"),
    (Reading::TokenSignsSecret, "token_signs_secret"),
    (Reading::TimestampsAny, "timestamps_any"),
    (Reading::TimestampsJakarta, "timestamps_jakarta"),
    (Reading::SkewOneMinute, "skew_one_minute"),
    (Reading::ExternalIdAny, "external_id_any"),
    (Reading::ExternalIdAgain, "external_id_again"),
    (Reading::AmountsNumbers, "amounts_numbers"),
    (Reading::EwalletIso, "ewallet_iso"),
    (Reading::QrExpiryIso, "qr_expiry_iso"),
    (Reading::QrExtras, "qr_extras"),
    (Reading::RetailSnapCode, "retail_snap_code"),
    (Reading::QrisReply51, "qris_reply_51"),
    (Reading::ReplyByHttp, "reply_by_http"),
    (Reading::PortalUrl, "portal_url"),
    (Reading::LinkEchoesOurs, "link_echoes_ours"),
    (Reading::LinkExpiryRight, "link_expiry_right"),
    (Reading::BriPrefix15573, "bri_prefix_15573"),
    (Reading::LeanCallbacks, "lean_callbacks"),
    (Reading::ExpiredIs05, "expired_is_05"),
    (Reading::OneToken, "one_token"),
    (Reading::ExpiresInNumber, "expires_in_number"),
    (Reading::RefusalsHttp200, "refusals_http_200"),
    (Reading::DuplicateAnswered, "duplicate_answered"),
    (Reading::VaInquirySnap, "va_inquiry_snap"),
    (Reading::NotFoundIs07, "not_found_is_07"),
    (Reading::VaNotFound12, "va_not_found_12"),
    (Reading::VaPaidBill14, "va_paid_bill_14"),
    (Reading::VaExpired19, "va_expired_19"),
    (Reading::RetailTwoDigits, "retail_two_digits"),
    (Reading::OneReference, "one_reference"),
];

/// The readings that hold; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readings(Vec<Reading>);

impl Readings {
    /// Creates a list of these readings.
    #[must_use]
    pub fn of(readings: &[Reading]) -> Self {
        Self(readings.to_vec())
    }

    /// Returns whether this reading holds.
    pub(crate) fn has(&self, reading: Reading) -> bool {
        self.0.contains(&reading)
    }
}

impl FromStr for Readings {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let named = |name: &str| {
            NAMES
                .iter()
                .find(|(_, known)| *known == name)
                .map(|(reading, _)| *reading)
        };
        text.split(',')
            .map(|name| named(name.trim()).ok_or("must be a list of known readings"))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Turns `{"value":"1000.00"}` into `{"value":1000.0}` wherever it stands.
pub(crate) fn numbers(body: &mut Map<String, Value>) {
    for (name, value) in body.iter_mut() {
        match value {
            Value::Object(inner) => numbers(inner),
            Value::String(text) if name == "value" => {
                if let Ok(number) = text.parse::<serde_json::Number>() {
                    *value = Value::Number(number);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_named_and_unknown_ones_refused() {
        let read: Readings = "one_token, qr_extras".parse().unwrap();
        assert!(read.has(Reading::OneToken) && read.has(Reading::QrExtras));
        assert!(!read.has(Reading::PortalUrl));
        assert!("one_token,two_tokens".parse::<Readings>().is_err());
        assert_eq!(
            Readings::of(&[Reading::OneToken]),
            "one_token".parse().unwrap()
        );
    }
}
