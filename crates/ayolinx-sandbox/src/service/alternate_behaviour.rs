//! Replies as the other reading of a contradiction would have them (protocol 10).

use serde_json::{Map, Value, json};

use crate::protocol::behaviours::{Reading, numbers};
use crate::protocol::calls::Call;
use crate::protocol::fields::FieldError;
use crate::protocol::json_tree::Json;
use crate::protocol::refusal::{Refusal, Reply};
use crate::provider::sandbox::Sandbox;
use crate::provider::transaction::{Status, Transaction};
use crate::service::incoming::Incoming;

/// Refuses what this provider does not accept, though the documents allow it.
pub(super) fn refuse(sandbox: &Sandbox, call: Call, document: &Json) -> Result<(), Refusal> {
    let text = |name| document.member(name).and_then(Json::as_text);
    let is_unix = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if call == Call::EwalletPayment
        && sandbox.reads(Reading::EwalletIso)
        && text("validUpTo").is_some_and(is_unix)
    {
        return Err(FieldError::Format("validUpTo".to_owned()).into());
    }
    let channel = document
        .member("additionalInfo")
        .and_then(|info| info.member("channel"))
        .and_then(Json::as_text);
    if call == Call::VaCreate
        && sandbox.reads(Reading::BriPrefix15573)
        && channel == Some("VIRTUAL_ACCOUNT_BRI")
        && text("partnerServiceId").map(str::trim) != Some("15573")
    {
        return Err(Refusal::new(404, "16", "Partner Not Found"));
    }
    Ok(())
}

/// Refuses an inquiry about a virtual account, though the transaction is there.
pub(super) fn closed(
    sandbox: &Sandbox,
    call: Call,
    transaction: &Transaction,
    expired: bool,
) -> Result<(), Refusal> {
    if call != Call::VaInquiry {
        return Ok(());
    }
    if transaction.status == Status::success() && sandbox.reads(Reading::VaPaidBill14) {
        return Err(Refusal::new(404, "14", "Paid Bill"));
    }
    if expired && sandbox.reads(Reading::VaExpired19) {
        return Err(Refusal::new(
            404,
            "19",
            "Invalid Bill/Virtual Account [Expired]",
        ));
    }
    Ok(())
}

/// Returns the refusal by which SNAP's VA family says that no account has this reference.
pub(super) fn not_found(sandbox: &Sandbox, call: Call) -> Option<Refusal> {
    let otherwise = call == Call::VaInquiry && sandbox.reads(Reading::VaNotFound12);
    otherwise.then(|| Refusal::new(404, "12", "Invalid Bill/Virtual Account [Not Found]"))
}

/// Returns the transaction under the provider's own name for it.
pub(super) fn named(sandbox: &Sandbox, mut transaction: Transaction) -> Transaction {
    if sandbox.reads(Reading::OneReference) {
        "SANDBOX-ONE-REFERENCE".clone_into(&mut transaction.provider_reference);
    }
    transaction
}

/// Spells a reply the other way.
pub(super) fn respelt(sandbox: &Sandbox, incoming: &Incoming<'_>, reply: &mut Reply) {
    let is_success = reply.http == 200;
    if !is_success && sandbox.reads(Reading::RefusalsHttp200) {
        reply.http = 200;
    }
    if !is_success && sandbox.reads(Reading::RetailTwoDigits) {
        in_two_digits(incoming.call, reply);
    }
    if is_success {
        reshaped(sandbox, incoming.call, &mut reply.body);
    }
    if is_success && incoming.call == Call::LinkCreate {
        as_asked(sandbox, incoming.document, &mut reply.body);
    }
    if sandbox.reads(Reading::AmountsNumbers) {
        numbers(&mut reply.body);
    }
}

fn in_two_digits(call: Call, reply: &mut Reply) {
    if !matches!(call, Call::RetailCreate | Call::RetailQuery) {
        return;
    }
    let case = reply.code().get(5..7).filter(|case| *case != "00");
    let code = case.unwrap_or("99").to_owned();
    reply.body.insert("responseCode".to_owned(), json!(code));
    reply.http = 200;
}

fn reshaped(sandbox: &Sandbox, call: Call, body: &mut Map<String, Value>) {
    let is_retail = matches!(call, Call::RetailCreate | Call::RetailQuery);
    if is_retail && sandbox.reads(Reading::RetailSnapCode) {
        let code = format!("200{}00", call.service());
        body.insert("responseCode".to_owned(), json!(code));
    }
    if call == Call::QrisGenerate && sandbox.reads(Reading::QrExtras) {
        body.insert("referenceNo".to_owned(), json!("sandbox-reference"));
        body.insert("qrUrl".to_owned(), json!("https://qr.example/picture.png"));
    }
    if call == Call::QrisGenerate && sandbox.reads(Reading::QrExpiryIso) {
        iso_expiry(body);
    }
    if call == Call::VaInquiry && sandbox.reads(Reading::VaInquirySnap) {
        into_account(body);
    }
}

/// Sets in a link's reply what the request said.
fn as_asked(sandbox: &Sandbox, document: Option<&Json>, body: &mut Map<String, Value>) {
    let asked = |name| {
        document
            .and_then(|all| all.member(name))
            .and_then(Json::as_text)
    };
    if sandbox.reads(Reading::LinkEchoesOurs) {
        body.insert(
            "partnerReferenceNo".to_owned(),
            json!(asked("partnerReferenceNo")),
        );
    }
    if sandbox.reads(Reading::LinkExpiryRight) {
        body.insert("expiryDate".to_owned(), json!(asked("expiryTime")));
    }
}

fn iso_expiry(body: &mut Map<String, Value>) {
    let time = body
        .get("expiredDate")
        .and_then(Value::as_str)
        .and_then(crate::protocol::clock::parse_epoch);
    if let Some(time) = time {
        body.insert(
            "expiredDate".to_owned(),
            json!(crate::protocol::clock::jakarta(time)),
        );
    }
}

/// Makes `virtualAccountData` with a flag, no `latestTransactionStatus`.
fn into_account(body: &mut Map<String, Value>) {
    let status = body.remove("latestTransactionStatus").unwrap_or_default();
    let account = json!({
        "trxId": body.remove("originalPartnerReferenceNo"),
        "totalAmount": body.remove("amount"),
        "paymentFlagStatus": status,
        "paymentRequestId": body.remove("originalReferenceNo"),
    });
    body.insert("virtualAccountData".to_owned(), account);
}
