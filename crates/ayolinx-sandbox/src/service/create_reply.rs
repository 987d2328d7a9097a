//! A new transaction and the documented reply to its create call, oddities included (protocol 4.2, 4.5, 4.7, 4.9, 4.11).

use ayolinx_core::money::Money;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::protocol::artefacts;
use crate::protocol::calls::{Call, Product};
use crate::protocol::clock::{jakarta, mislabelled};
use crate::protocol::refusal::Reply;
use crate::protocol::requests::Create;
use crate::provider::transaction::{Status, Transaction};

/// Life of a QR when none is asked for; not documented.
const QRIS_LIFE: TimeDelta = TimeDelta::minutes(30);
/// Life of a VA when none is asked for (protocol 7.2).
const VA_LIFE: TimeDelta = TimeDelta::hours(24);

/// Builds the transaction with its artefact.
pub(super) fn transaction(sequence: u64, create: Create, now: DateTime<Utc>) -> Transaction {
    let provider_reference = artefacts::provider_reference(create.product, sequence, now);
    let link_code = (create.product == Product::PaymentLink).then(artefacts::link_code);
    let artefact = match (create.product, &create.account) {
        (Product::Qris, _) => artefacts::qr_content(create.amount, &provider_reference),
        (Product::VirtualAccount, Some(account)) => artefacts::account_number(account),
        (Product::Ewallet | Product::VirtualAccount, _) => {
            artefacts::redirect_url("m.sandbox.dana.id", &provider_reference, now)
        }
        (Product::Retail, _) => artefacts::counter_code(sequence),
        (Product::PaymentLink, _) => format!(
            "https://payment-new-production.ayolinx.id/{}",
            link_code.as_deref().unwrap_or_default()
        ),
    };
    let life = match create.product {
        Product::VirtualAccount => VA_LIFE,
        _ => QRIS_LIFE,
    };
    Transaction {
        sequence,
        provider_reference,
        artefact,
        link_code,
        status: Status::pending(),
        paid: None,
        transfers: Vec::new(),
        created_at: now,
        valid_until: create.valid_until.unwrap_or(now + life),
        finished_at: None,
        callbacks: Vec::new(),
        create,
        request: Value::Null,
    }
}

/// Builds the reply.
pub(super) fn of(call: Call, transaction: &Transaction) -> Reply {
    let reference = &transaction.create.reference;
    let artefact = &transaction.artefact;
    let (message, members) = match transaction.create.product {
        Product::Qris => (
            "Successful",
            json!({
                "partnerReferenceNo": reference,
                "qrContent": artefact,
                "expiredDate": transaction.valid_until.timestamp().to_string(),
            }),
        ),
        Product::Ewallet => (
            "Success",
            json!({"webRedirectUrl": artefact, "partnerReferenceNo": reference}),
        ),
        Product::VirtualAccount => (
            "Successful",
            json!({"virtualAccountData": account_data(transaction)}),
        ),
        Product::Retail => (
            "Successful",
            json!({
                "partnerReferenceNo": reference,
                "expiryDate": jakarta(transaction.valid_until),
                "vaNumber": artefact,
                "paymentUrl": artefacts::instructions_url("passport.duitku.com", &transaction.provider_reference),
            }),
        ),
        Product::PaymentLink => (
            "Successful",
            json!({
                "paymentLink": artefact,
                "partnerReferenceNo": transaction.link_code,
                "expiryDate": mislabelled(transaction.valid_until),
            }),
        ),
    };
    Reply::success(call, message, members)
}

fn account_data(transaction: &Transaction) -> Value {
    let Some(account) = transaction.account() else {
        return Value::Null;
    };
    let mut data = json!({
        "partnerServiceId": artefacts::padded_service_id(account),
        "customerNo": account.customer_no,
        "virtualAccountNo": transaction.artefact,
        "virtualAccountName": account.name,
        "trxId": transaction.create.reference,
        "virtualAccountTrxType": account.trx_type,
        "expiredDate": jakarta(transaction.valid_until),
        "additionalInfo": {"channel": transaction.create.channel},
    });
    if let (Value::Object(data), Some(amount)) = (&mut data, transaction.create.amount) {
        data.insert("totalAmount".to_owned(), json!(Money::from(amount)));
    }
    data
}
