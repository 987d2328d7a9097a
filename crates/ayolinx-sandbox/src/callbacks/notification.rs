//! The callback bodies, exactly the documented ones (protocol 8.4 to 8.11), and their success replies (8.12).

use ayolinx_core::money::Money;
use serde_json::{Map, Value, json};

use crate::protocol::artefacts::padded_service_id;
use crate::protocol::behaviours::{Reading, Readings, numbers};
use crate::protocol::calls::Product;
use crate::protocol::clock::jakarta;
use crate::provider::jobs::Notice;
use crate::provider::settings::CallbackMode;

/// The shape of a notice: decides body and expected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Qris,
    Flat,
    AccountSnap,
}

fn shape(notice: &Notice) -> Shape {
    match (notice.product, notice.mode) {
        (Product::Qris, _) => Shape::Qris,
        (Product::VirtualAccount, CallbackMode::Snap) => Shape::AccountSnap,
        _ => Shape::Flat,
    }
}

/// Builds the body.
pub(crate) fn body(readings: &Readings, notice: &Notice) -> Vec<u8> {
    let mut body = match shape(notice) {
        Shape::Qris => qris(notice),
        Shape::Flat => flat(notice, Map::new()),
        Shape::AccountSnap => account_snap(notice),
    };
    if let Value::Object(members) = &mut body {
        if readings.has(Reading::LeanCallbacks) && shape(notice) != Shape::AccountSnap {
            for name in ["amount", "finishedTime", "additionalInfo"] {
                members.remove(name);
            }
        }
        if readings.has(Reading::CallbackBodyPhp) {
            members.insert("userName".to_owned(), json!("Budi / Kopi"));
        }
        if readings.has(Reading::AmountsNumbers) {
            numbers(members);
        }
    }
    body.to_string().into_bytes()
}

/// Returns whether the answer is the documented success: HTTP 200 and the right `responseCode`.
pub(crate) fn accepts(readings: &Readings, notice: &Notice, http: u16, answer: &Value) -> bool {
    if readings.has(Reading::ReplyByHttp) {
        return http == 200;
    }
    let code = answer.get("responseCode").and_then(Value::as_str);
    let expected = match shape(notice) {
        Shape::Qris if readings.has(Reading::QrisReply51) => "2005100",
        Shape::Qris | Shape::Flat => "2005600",
        Shape::AccountSnap => "2002500",
    };
    let complete = shape(notice) != Shape::AccountSnap
        || answer
            .get("virtualAccountData")
            .is_some_and(Value::is_object);
    http == 200 && code == Some(expected) && complete
}

fn qris(notice: &Notice) -> Value {
    let number = format!("{:012}", notice.sequence);
    let mut info = Map::new();
    info.insert("RRN".to_owned(), json!(number));
    info.insert("paymentNtb".to_owned(), json!(number));
    let settles = (notice.finished_at + chrono::TimeDelta::hours(31)).format("%Y%m%d");
    info.insert("settleDate".to_owned(), json!(settles.to_string()));
    let mut body = flat(notice, info);
    if let Value::Object(body) = &mut body {
        body.insert("callbackType".to_owned(), json!("payment"));
        body.insert("customerNumber".to_owned(), json!("9360049030000000001"));
    }
    body
}

fn flat(notice: &Notice, mut info: Map<String, Value>) -> Value {
    info.insert("channel".to_owned(), json!(notice.channel));
    if let Some(code) = &notice.link_code {
        info.insert("plh".to_owned(), json!(code));
    }
    if let Some(fee) = notice.fee {
        info.insert("feeMoney".to_owned(), json!(Money::from(fee)));
    }
    let mut body = json!({
        "additionalInfo": info,
        "originalReferenceNo": notice.provider_reference,
        "originalPartnerReferenceNo": notice.reference,
        "latestTransactionStatus": notice.status.code(),
        "finishedTime": jakarta(notice.finished_at),
    });
    if let (Value::Object(body), Some(amount)) = (&mut body, notice.amount) {
        body.insert("amount".to_owned(), json!(Money::from(amount)));
    }
    body
}

fn account_snap(notice: &Notice) -> Value {
    let Some((account, number)) = &notice.account else {
        return flat(notice, Map::new());
    };
    let mut body = json!({
        "partnerServiceId": padded_service_id(account),
        "customerNo": account.customer_no,
        "virtualAccountNo": number,
        "virtualAccountName": account.name,
        "trxId": notice.reference,
        "paymentRequestId": notice.provider_reference,
        "virtualAccountTrxType": account.trx_type,
        "additionalInfo": {
            "channel": notice.channel,
            "paymentNtb": format!("{:09}", notice.sequence),
            "paymentTimeIso8601": jakarta(notice.finished_at),
        },
    });
    if let (Value::Object(body), Some(amount)) = (&mut body, notice.amount) {
        body.insert("paidAmount".to_owned(), json!(Money::from(amount)));
    }
    body
}
