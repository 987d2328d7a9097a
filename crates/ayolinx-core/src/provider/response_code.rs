//! `responseCode`: HTTP(3) + service(2) + case(2), with the exceptions the provider is known for (protocol 2.4, 6).
//! It decides before the HTTP status does.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::provider::messages::lenient;

/// A code as received; compares as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ResponseCode(String);

/// The meaning of a code to a caller (contract 4.1, protocol 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseClass {
    /// `00` or `200…`.
    Success,
    /// `202…`: in progress, the outcome is not known yet.
    InProgress,
    /// `401…` or the gateway layer's `581000001`: token, signature, credentials or IP list.
    Unauthorized,
    /// `429…`.
    Throttled,
    /// `409…00`: the `X-EXTERNAL-ID` was used today.
    ExternalIdReused,
    /// `409…01`: the reference is known, an earlier attempt landed.
    ReferenceExists,
    /// `404…18`: the reference is known with other data.
    InconsistentRequest,
    /// `404…01`: nothing under this reference.
    NotFound,
    /// Any other `4…`: it certainly did not happen.
    Refused,
    /// Everything else: nothing can be concluded.
    Unknown,
}

/// The meaning that a refused inquiry has all the same (contract 5, protocol 6.2): SNAP's VA family has codes of its
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InquiryRefusal {
    /// `404…01`, `404…12`: nothing under this reference.
    NotFound,
    /// `404…14`, "Paid Bill": paid, and the amount is not named.
    PaidBill,
    /// `404…19`: its time is over, unpaid.
    Expired,
    /// Any other: it says nothing about the payment.
    Other,
}

/// Answer of the provider's gateway layer, outside the seven-digit scheme (protocol 6.1).
const GATEWAY_UNAUTHORIZED: &str = "581000001";
/// First digits of every answer of that layer; all have nine digits.
const GATEWAY_LAYER: &str = "581";
/// The first three digits of SNAP's table (protocol 6.2).
const SNAP_STATUSES: [u16; 11] = [200, 202, 400, 401, 403, 404, 405, 409, 429, 500, 504];

impl ResponseCode {
    /// Creates a code from text; blanks around it are dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is `00` or `200…`. The payload must be there too before a call succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.class() == ResponseClass::Success
    }

    /// Returns the meaning.
    #[must_use]
    pub fn class(&self) -> ResponseClass {
        if self.0 == "00" {
            return ResponseClass::Success;
        }
        if self.0 == GATEWAY_UNAUTHORIZED {
            return ResponseClass::Unauthorized;
        }
        match (self.http(), self.case()) {
            (Some(200), _) => ResponseClass::Success,
            (Some(202), _) => ResponseClass::InProgress,
            (Some(401), _) => ResponseClass::Unauthorized,
            (Some(429), _) => ResponseClass::Throttled,
            (Some(409), Some("00")) => ResponseClass::ExternalIdReused,
            (Some(409), Some("01")) => ResponseClass::ReferenceExists,
            (Some(404), Some("18")) => ResponseClass::InconsistentRequest,
            (Some(404), Some("01")) => ResponseClass::NotFound,
            (Some(400..=499), _) => ResponseClass::Refused,
            _ => ResponseClass::Unknown,
        }
    }

    /// Returns the meaning where the call was an inquiry that was refused.
    #[must_use]
    pub fn inquiry_refusal(&self) -> InquiryRefusal {
        match (self.http(), self.case()) {
            (Some(404), Some("01" | "12")) => InquiryRefusal::NotFound,
            (Some(404), Some("14")) => InquiryRefusal::PaidBill,
            (Some(404), Some("19")) => InquiryRefusal::Expired,
            _ => InquiryRefusal::Other,
        }
    }

    /// Returns whether the provider's gateway layer said it, `581…` in nine digits: keys, client id, clock or IP list
    /// (protocol 6.1).
    #[must_use]
    pub fn is_of_gateway_layer(&self) -> bool {
        self.0.len() == 9 && self.0.starts_with(GATEWAY_LAYER) && self.http().is_some()
    }

    /// Returns whether any document of the provider or of SNAP has such a code.
    #[must_use]
    pub fn is_documented(&self) -> bool {
        let of_snap = self.0.len() == 7
            && self
                .http()
                .is_some_and(|http| SNAP_STATUSES.contains(&http));
        self.0 == "00" || of_snap || self.is_of_gateway_layer()
    }

    /// Returns the HTTP part; `None` when the code is not all digits or shorter than three.
    #[must_use]
    pub fn http(&self) -> Option<u16> {
        if !self.0.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0.get(..3)?.parse().ok()
    }

    /// Returns the service part of a seven-digit code.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.seven_digits()?.get(3..5)
    }

    /// Returns the case part of a seven-digit code.
    #[must_use]
    pub fn case(&self) -> Option<&str> {
        self.seven_digits()?.get(5..7)
    }

    fn seven_digits(&self) -> Option<&str> {
        (self.0.len() == 7 && self.http().is_some()).then_some(self.0.as_str())
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ResponseCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = lenient::text(deserializer)?.unwrap_or_default();
        Ok(Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_has_its_class() {
        use ResponseClass as C;
        for (code, class) in [
            ("00", C::Success),
            ("2004700", C::Success),
            ("2025400", C::InProgress),
            ("4017300", C::Unauthorized),
            ("4014701", C::Unauthorized),
            ("581000001", C::Unauthorized),
            ("4294700", C::Throttled),
            ("4094700", C::ExternalIdReused),
            ("4094701", C::ReferenceExists),
            ("4094702", C::Refused),
            ("4045418", C::InconsistentRequest),
            ("4045401", C::NotFound),
            ("4005402", C::Refused),
            ("4035401", C::Refused),
            ("5005400", C::Unknown),
            ("5045400", C::Unknown),
            ("3005400", C::Unknown),
            ("01", C::Unknown),
            ("", C::Unknown),
            ("4x0", C::Unknown),
            ("OK", C::Unknown),
        ] {
            assert_eq!(ResponseCode::new(code).class(), class, "{code}");
        }
    }

    #[test]
    fn a_refused_inquiry_says_what_the_va_family_means() {
        use InquiryRefusal as R;
        for (code, means) in [
            ("4045101", R::NotFound),
            ("4043012", R::NotFound),
            ("4043014", R::PaidBill),
            ("4043019", R::Expired),
            ("4043013", R::Other),
            ("4033012", R::Other),
            ("40430120", R::Other),
            ("12", R::Other),
        ] {
            assert_eq!(ResponseCode::new(code).inquiry_refusal(), means, "{code}");
        }
    }

    #[test]
    fn codes_of_the_gateway_layer_and_those_of_nobody_are_told_apart() {
        for (code, gateway, documented) in [
            ("581000001", true, true),
            ("581000002", true, true),
            ("581999999", true, true),
            ("5810000", false, false),
            ("58100000x", false, false),
            ("581000000001", false, false),
            ("5005400", false, true),
            ("4045112", false, true),
            ("00", false, true),
            ("01", false, false),
            ("9999999", false, false),
            ("", false, false),
        ] {
            let code = ResponseCode::new(code);
            assert_eq!(code.is_of_gateway_layer(), gateway, "{code}");
            assert_eq!(code.is_documented(), documented, "{code}");
        }
    }

    #[test]
    fn a_code_is_read_from_text_and_from_a_number() {
        for json in [r#""2004700""#, "2004700", r#"" 2004700 ""#] {
            let code: ResponseCode = serde_json::from_str(json).unwrap();
            assert_eq!(code.as_str(), "2004700");
            assert_eq!((code.service(), code.case()), (Some("47"), Some("00")));
        }
        assert_eq!(ResponseCode::new("581000001").case(), None);
    }
}
