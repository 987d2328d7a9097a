//! The bodies of `POST /v1/orders/{id}/refunds`, `POST /v1/refunds/{id}/complete` and
//! `POST /v1/orders/{id}/resolve` (contract 4.3).

use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::money::Amount;
use ledger::Payee;

use crate::http::error::{ApiError, FieldCode};
use crate::http::field_errors::FieldErrors;
use crate::http::fields::{Fields, required};
use crate::http::json::JsonTree;
use crate::http::money::read_amount;

pub(crate) const ASK_FIELDS: &[&str] = &["amount", "reason", "payee"];
pub(crate) const PAYEE_FIELDS: &[&str] = &["bank", "account", "name"];
pub(crate) const COMPLETE_FIELDS: &[&str] = &["evidence"];
pub(crate) const RESOLVE_FIELDS: &[&str] = &["action", "note"];

const REASON_CHARS_MAX: usize = 255;
const EVIDENCE_CHARS_MAX: usize = 500;
const NOTE_CHARS_MAX: usize = 500;
const BANK_CHARS_MAX: usize = 64;
const ACCOUNT_CHARS_MAX: usize = 34;
const NAME_CHARS_MAX: usize = 100;

/// A request to return money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskRefund {
    /// The amount; all that is left when absent.
    pub amount: Option<Amount>,
    /// The reason.
    pub reason: String,
    /// The account that receives the money.
    pub payee: Option<Payee>,
}

impl AskRefund {
    /// Reads a body.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn parse(body: &JsonTree) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, ASK_FIELDS, &mut errors);
        let amount = read_amount(&fields, "amount", &mut errors);
        let reason = said(&fields, "reason", REASON_CHARS_MAX, &mut errors);
        let payee = payee(&fields, &mut errors);
        errors.into_result(Self {
            amount,
            reason,
            payee,
        })
    }
}

/// Reads the payee, all of whose fields are required to make the transfer.
fn payee(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<Payee> {
    let payee = fields.object("payee", PAYEE_FIELDS, errors)?;
    let bank = said(&payee, "bank", BANK_CHARS_MAX, errors);
    let account = said(&payee, "account", ACCOUNT_CHARS_MAX, errors);
    let name = said(&payee, "name", NAME_CHARS_MAX, errors);
    let is_number = account
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ' ');
    if !is_number {
        let message = "letters, digits, hyphens and blanks";
        errors.add(payee.path("account"), FieldCode::InvalidFormat, message);
    }
    Some(Payee {
        bank,
        account,
        name,
    })
}

/// The report that money was returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteRefund {
    /// The evidence of the return.
    pub evidence: String,
}

impl CompleteRefund {
    /// Reads a body.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn parse(body: &JsonTree) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, COMPLETE_FIELDS, &mut errors);
        let evidence = said(&fields, "evidence", EVIDENCE_CHARS_MAX, &mut errors);
        errors.into_result(Self { evidence })
    }
}

/// The decision about money under review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveReview {
    /// The decision.
    pub verdict: ReviewVerdict,
    /// The reason, for whoever reads the timeline.
    pub note: Option<String>,
}

impl ResolveReview {
    /// Reads a body.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn parse(body: &JsonTree) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, RESOLVE_FIELDS, &mut errors);
        fields.require("action", &mut errors);
        let action = fields.text("action", &mut errors);
        let verdict =
            action.and_then(|text| ReviewVerdict::ALL.into_iter().find(|v| v.as_str() == text));
        if action.is_some() && verdict.is_none() {
            let message = "must be accept, refund or reject";
            errors.add(fields.path("action"), FieldCode::NotAllowed, message);
        }
        let note = fields.short_text("note", NOTE_CHARS_MAX, &mut errors);
        match verdict {
            Some(verdict) => errors.into_result(Self {
                verdict,
                note: note.map(str::to_owned),
            }),
            None => Err(errors.into_error()),
        }
    }
}

/// Reads a text that must be present and not blank; empty where it is not (recorded).
fn said(fields: &Fields<'_>, name: &str, chars_max: usize, errors: &mut FieldErrors) -> String {
    fields.require(name, errors);
    let text = fields.short_text(name, chars_max, errors);
    if text.is_some_and(|text| text.trim().is_empty()) {
        required(fields.path(name), errors);
    }
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(body: &str) -> JsonTree {
        JsonTree::parse_object(body.as_bytes()).unwrap()
    }

    fn wrong<T: std::fmt::Debug>(read: Result<T, ApiError>) -> Vec<(String, &'static str)> {
        let error = read.unwrap_err();
        let errors = error.field_errors().iter();
        errors.map(|e| (e.field.clone(), e.code)).collect()
    }

    #[test]
    fn a_refund_needs_a_reason_and_may_be_of_all() {
        let all = AskRefund::parse(&tree(r#"{"reason":"broken"}"#)).unwrap();
        assert_eq!((all.amount, all.reason.as_str()), (None, "broken"));
        let part = tree(r#"{"amount":{"value":"1000","currency":"IDR"},"reason":"x"}"#);
        let part = AskRefund::parse(&part).unwrap();
        assert_eq!(part.amount, Some(Amount::rupiah(1000).unwrap()));
        let payee =
            tree(r#"{"reason":"x","payee":{"bank":"BCA","account":"123-456 7","name":"Budi"}}"#);
        let payee = AskRefund::parse(&payee).unwrap().payee.unwrap();
        assert_eq!(
            (payee.bank.as_str(), payee.account.as_str()),
            ("BCA", "123-456 7")
        );
        let errors = wrong(AskRefund::parse(&tree(
            r#"{"reason":"x","payee":{"bank":" ","account":"12/3","x":1}}"#,
        )));
        let expected = [
            ("payee.x", "unknown_field"),
            ("payee.bank", "required"),
            ("payee.name", "required"),
            ("payee.account", "invalid_format"),
        ];
        assert_eq!(
            errors,
            expected.map(|(field, code)| (field.to_owned(), code))
        );
        let errors = wrong(AskRefund::parse(&tree(
            r#"{"amount":{"value":"0","currency":"IDR"},"reason":" ","x":1}"#,
        )));
        let expected = [
            ("x", "unknown_field"),
            ("amount.value", "below_minimum"),
            ("reason", "required"),
        ];
        assert_eq!(
            errors,
            expected.map(|(field, code)| (field.to_owned(), code))
        );
    }

    #[test]
    fn evidence_is_said_and_a_verdict_is_one_of_three() {
        assert_eq!(
            wrong(CompleteRefund::parse(&tree("{}"))),
            [("evidence".to_owned(), "required")]
        );
        for verdict in ReviewVerdict::ALL {
            let body = format!(r#"{{"action":"{}","note":"seen"}}"#, verdict.as_str());
            let read = ResolveReview::parse(&tree(&body)).unwrap();
            assert_eq!(
                (read.verdict, read.note.as_deref()),
                (verdict, Some("seen"))
            );
        }
        assert_eq!(
            wrong(ResolveReview::parse(&tree(r#"{"action":"pay"}"#))),
            [("action".to_owned(), "not_allowed")]
        );
        assert_eq!(
            wrong(ResolveReview::parse(&tree("{}"))),
            [("action".to_owned(), "required")]
        );
    }
}
