//! Replies to queries: the true state, in the shape each product documents (protocol 4.3, 4.6, 4.8, 4.10).

use ayolinx_core::money::Money;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::protocol::calls::{Call, Product};
use crate::protocol::clock::{jakarta, utc};
use crate::protocol::refusal::Reply;
use crate::provider::transaction::Transaction;

/// Builds the reply.
pub(super) fn of(call: Call, transaction: &Transaction, now: DateTime<Utc>) -> Reply {
    let mut members = json!({
        "originalReferenceNo": transaction.told_reference(),
        "originalPartnerReferenceNo": transaction.create.reference,
        "latestTransactionStatus": transaction.status_at(now).code(),
        "additionalInfo": {"channel": transaction.create.channel},
    });
    if let Value::Object(members) = &mut members {
        if let Some(amount) = transaction.amount() {
            members.insert("amount".to_owned(), json!(Money::from(amount)));
        }
        if let Some(finished) = finished_time(transaction) {
            members.insert("finishedTime".to_owned(), json!(finished));
        }
    }
    Reply::success(call, "Successful", members)
}

/// Returns the time of the end, for QRIS in UTC, for the others in Jakarta time; "" for an unpaid VA.
fn finished_time(transaction: &Transaction) -> Option<String> {
    match (transaction.create.product, transaction.finished_at) {
        (Product::Qris, Some(time)) => Some(utc(time)),
        (_, Some(time)) => Some(jakarta(time)),
        (Product::VirtualAccount, None) => Some(String::new()),
        (_, None) => None,
    }
}
