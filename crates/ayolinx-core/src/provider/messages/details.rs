//! The details that a message of the provider reports of a receipt beside its amount: fee, RRN, issuer, the day it is
//! paid out (protocol 8.3 and S003). Nothing here is needed, so nothing here makes a message unreadable.

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;

use super::{ReceivedAmount, lenient, parse, received};
use crate::accounting::receipt::ReceiptDetails;

/// Longest text that is kept of the provider's names.
const TEXT_MAX_CHARS: usize = 64;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Nested {
    #[serde(deserialize_with = "lenient::object")]
    additional_info: Fields,
    #[serde(deserialize_with = "lenient::object")]
    virtual_account_data: Account,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Account {
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(rename = "RRN", deserialize_with = "lenient::text")]
    rrn: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    additional_info: Fields,
}

/// Each spelling is a field of its own: a message may carry two of them.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(rename = "RRN", deserialize_with = "lenient::text")]
    rrn_upper: Option<String>,
    #[serde(rename = "rRN", deserialize_with = "lenient::text")]
    rrn_mixed: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    rrn: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    bank_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    issuer_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    settle_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    settlement_date: Option<String>,
}

impl Fields {
    fn details(self) -> ReceiptDetails {
        let rrn = self.rrn_upper.or(self.rrn_mixed).or(self.rrn);
        ReceiptDetails {
            fee: self.fee_money.read(),
            rrn: rrn.and_then(|text| kept(&text)),
            issuer: self
                .bank_name
                .or(self.issuer_name)
                .and_then(|text| kept(&text)),
            settles_on: (self.settle_date.or(self.settlement_date))
                .and_then(|text| parse_date(&text)),
        }
    }
}

/// Reads the details of a message; what cannot be read counts as not reported.
pub(crate) fn of_body(body: &[u8]) -> ReceiptDetails {
    let own: Fields = parse(body).unwrap_or_default();
    let nested: Nested = parse(body).unwrap_or_default();
    let account = nested.virtual_account_data;
    let mut details = ReceiptDetails {
        fee: account.fee_money.read(),
        rrn: account.rrn.and_then(|text| kept(&text)),
        ..ReceiptDetails::default()
    };
    details.learn(&account.additional_info.details());
    details.learn(&own.details());
    details.learn(&nested.additional_info.details());
    details
}

fn kept(text: &str) -> Option<String> {
    let plain: String = text
        .trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(TEXT_MAX_CHARS)
        .collect();
    Some(plain).filter(|text| !text.is_empty())
}

/// Reads `20250602`, `2025-06-02`, or a time with its offset, whose own date counts.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    NaiveDate::parse_from_str(text, "%Y%m%d")
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d"))
        .ok()
        .or_else(|| {
            DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| at.date_naive())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::money::Amount;

    #[test]
    fn every_place_and_spelling_is_read_and_nothing_makes_the_message_unreadable() {
        let told = ReceiptDetails {
            fee: Some(Amount::rupiah(1_400).unwrap()),
            rrn: Some("627010842336".to_owned()),
            issuer: Some("BANK BCA".to_owned()),
            settles_on: NaiveDate::from_ymd_opt(2026, 11, 21),
        };
        let fee = r#""feeMoney":{"value":"1400.00","currency":"IDR"}"#;
        for rrn in ["RRN", "rRN", "rrn"] {
            for bank in ["bankName", "issuerName"] {
                for (date, day) in [
                    ("settleDate", "20261121"),
                    ("settlementDate", "2026-11-21"),
                    ("settleDate", "2026-11-21T23:59:00+07:00"),
                ] {
                    let fields = format!(
                        r#"{fee},"{rrn}":"627010842336","{bank}":" BANK BCA ","{date}":"{day}""#
                    );
                    for body in [
                        format!("{{{fields}}}"),
                        format!(r#"{{"additionalInfo":{{{fields}}}}}"#),
                        format!(r#"{{"virtualAccountData":{{"additionalInfo":{{{fields}}}}}}}"#),
                    ] {
                        assert_eq!(of_body(body.as_bytes()), told, "{body}");
                    }
                }
            }
        }
        for body in [
            "",
            "[]",
            r#"{"additionalInfo":[],"virtualAccountData":""}"#,
            r#"{"RRN":{},"bankName":7,"settleDate":"2026-02-30","feeMoney":"1"}"#,
        ] {
            let details = of_body(body.as_bytes());
            assert_eq!(
                (details.fee, details.rrn, details.settles_on),
                (None, None, None),
                "{body}"
            );
        }
        let both = r#"{"additionalInfo":{"RRN":"1","rRN":"2","rrn":"3"}}"#;
        assert_eq!(of_body(both.as_bytes()).rrn.as_deref(), Some("1"));
    }
}
