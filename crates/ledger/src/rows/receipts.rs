//! Rows of receipts and of the notices beside them, and their conversion to the core's types; also the
//! other names that the provider gives a payment.

use std::collections::{BTreeMap, BTreeSet};

use ayolinx_core::ids::ReceiptId;
use ayolinx_core::money::Amount;
use ayolinx_core::receipt::{
    Notice, NoticeName, NoticeSays, NoticeVerdict, Place, Posted, Receipt, ReceiptDetails,
    Returned, Verdict,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::{receipt_notices, receipts};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::payments::PaymentRow;
use crate::rows::values::amount;

#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = receipts)]
pub(crate) struct ReceiptRow {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) request_key: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) held: String,
    pub(crate) created_at: DateTime<Utc>,
    /// Received amount; `None` in a row of the version before.
    pub(crate) received_minor: Option<i64>,
    pub(crate) returned_minor: i64,
    pub(crate) given_back_minor: i64,
    pub(crate) given_back_whole: bool,
    pub(crate) is_right: bool,
    pub(crate) verdict: Option<String>,
    pub(crate) provider_reference: Option<String>,
    pub(crate) fee_minor: Option<i64>,
    pub(crate) rrn: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) settles_on: Option<NaiveDate>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = receipt_notices)]
pub(crate) struct NoticeRow {
    pub(crate) payment_id: Uuid,
    pub(crate) says: String,
    pub(crate) named_by: String,
    pub(crate) name: String,
    pub(crate) total_minor: i64,
    pub(crate) whole: bool,
    pub(crate) verdict: Option<String>,
}

/// The key of a notice's row.
pub(crate) type NoticeKey = (Uuid, String, String, String);

impl NoticeRow {
    pub(crate) fn key(&self) -> NoticeKey {
        (
            self.payment_id,
            self.says.clone(),
            self.named_by.clone(),
            self.name.clone(),
        )
    }

    pub(crate) fn read(&self, currency: &str) -> Result<Notice, LedgerError> {
        let name = self.name.clone();
        Ok(Notice {
            name: match self.named_by.as_str() {
                "key" => NoticeName::Key(name),
                "reference" => NoticeName::Reference(name),
                "inquiry" => NoticeName::Inquiry(name),
                _ => NoticeName::Nothing,
            },
            says: match self.says.as_str() {
                "paid" => NoticeSays::Paid,
                _ => NoticeSays::Returned(Returned {
                    total: amount(self.total_minor, currency)?,
                    whole: self.whole,
                }),
            },
            verdict: match self.verdict.as_deref() {
                Some("settled") => Some(NoticeVerdict::Settled),
                Some(_) => Some(NoticeVerdict::Rejected),
                None => None,
            },
        })
    }

    pub(crate) fn of(payment_id: Uuid, notice: &Notice) -> Self {
        let (named_by, name) = match &notice.name {
            NoticeName::Nothing => ("nothing", ""),
            NoticeName::Key(name) => ("key", name.as_str()),
            NoticeName::Reference(name) => ("reference", name.as_str()),
            NoticeName::Inquiry(name) => ("inquiry", name.as_str()),
        };
        let (says, returned) = match notice.says {
            NoticeSays::Paid => ("paid", Returned::NONE),
            NoticeSays::Returned(returned) => ("returned", returned),
        };
        Self {
            payment_id,
            says: says.to_owned(),
            named_by: named_by.to_owned(),
            name: name.to_owned(),
            total_minor: returned.total.minor(),
            whole: returned.whole,
            verdict: notice.verdict.map(|verdict| {
                match verdict {
                    NoticeVerdict::Settled => "settled",
                    NoticeVerdict::Rejected => "rejected",
                }
                .to_owned()
            }),
        }
    }
}

/// Returns the row's word for where a receipt's money is. The words that the version before reads are
/// among these.
const fn held(posted: Posted, counts: bool) -> &'static str {
    match posted.place {
        Place::Booked => "merchant",
        Place::Suspense => "suspense",
        Place::Returned if counts => "refunded",
        Place::Returned | Place::Rejected => "released",
    }
}

impl ReceiptRow {
    pub(crate) fn of(payment_id: Uuid, receipt: &Receipt, posted: Posted) -> Self {
        Self {
            id: receipt.id.as_uuid(),
            payment_id,
            request_key: receipt.key.clone(),
            amount_minor: posted.amount.minor(),
            held: held(posted, receipt.counts()).to_owned(),
            created_at: receipt.received_at,
            received_minor: Some(receipt.received.minor()),
            returned_minor: posted.returned.minor(),
            given_back_minor: receipt.given_back.total.minor(),
            given_back_whole: receipt.given_back.whole,
            is_right: receipt.is_right,
            verdict: receipt.verdict.map(|verdict| {
                match verdict {
                    Verdict::Accepted => "accepted",
                    Verdict::Returned => "returned",
                    Verdict::Rejected => "rejected",
                }
                .to_owned()
            }),
            provider_reference: receipt.provider_reference.clone(),
            fee_minor: receipt.details.fee.map(Amount::minor),
            rrn: receipt.details.rrn.clone(),
            issuer: receipt.details.issuer.clone(),
            settles_on: receipt.details.settles_on,
            finished_at: receipt.finished_at,
        }
    }

    /// Returns whether the version before wrote the row.
    pub(crate) const fn is_of_before(&self) -> bool {
        self.received_minor.is_none()
    }

    pub(crate) fn place(&self) -> Place {
        match (self.held.as_str(), self.verdict.as_deref()) {
            ("merchant", _) => Place::Booked,
            ("suspense", _) => Place::Suspense,
            (_, Some("rejected")) => Place::Rejected,
            _ => Place::Returned,
        }
    }

    pub(crate) fn read(&self, payment: &PaymentRow) -> Result<Receipt, LedgerError> {
        let currency = &payment.currency;
        let Some(received_minor) = self.received_minor else {
            return self.read_row_of_before(payment);
        };
        let verdict = match self.verdict.as_deref() {
            Some("accepted") => Some(Verdict::Accepted),
            Some("returned") => Some(Verdict::Returned),
            Some(_) => Some(Verdict::Rejected),
            None => None,
        };
        Ok(Receipt {
            id: ReceiptId::from_uuid(self.id),
            key: self.request_key.clone(),
            provider_reference: self.provider_reference.clone(),
            received: amount(received_minor, currency)?,
            is_right: self.is_right,
            verdict,
            given_back: Returned {
                total: amount(self.given_back_minor, currency)?,
                whole: self.given_back_whole,
            },
            details: ReceiptDetails {
                fee: self.fee_minor.map(|it| amount(it, currency)).transpose()?,
                rrn: self.rrn.clone(),
                issuer: self.issuer.clone(),
                settles_on: self.settles_on,
            },
            finished_at: self.finished_at,
            received_at: self.created_at,
            posted: Some(Posted {
                amount: amount(self.amount_minor, currency)?,
                returned: amount(self.returned_minor, currency)?,
                place: self.place(),
            }),
        })
    }

    /// Reads a row of the version before, which kept the amount and where it is; the payment says how
    /// much of it went back.
    fn read_row_of_before(&self, payment: &PaymentRow) -> Result<Receipt, LedgerError> {
        let received = amount(self.amount_minor, &payment.currency)?;
        let is_right = self.amount_minor == payment.amount_minor;
        let place = self.place();
        let was_the_merchants = matches!(self.held.as_str(), "merchant" | "refunded");
        let given_back = match place {
            Place::Returned | Place::Rejected => Returned::WHOLE,
            Place::Booked => Returned {
                total: amount(
                    payment
                        .refunded_minor
                        .min(self.amount_minor.saturating_sub(payment.merchant_minor))
                        .max(0),
                    &payment.currency,
                )?,
                whole: false,
            },
            Place::Suspense => Returned::NONE,
        };
        Ok(Receipt {
            id: ReceiptId::from_uuid(self.id),
            key: self.request_key.clone(),
            provider_reference: None,
            received,
            is_right,
            verdict: (was_the_merchants && !is_right).then_some(Verdict::Accepted),
            given_back,
            details: ReceiptDetails::default(),
            finished_at: payment.paid_at.filter(|_| was_the_merchants),
            received_at: self.created_at,
            posted: Some(Posted {
                amount: received,
                returned: if given_back.whole {
                    received
                } else {
                    given_back.total
                },
                place,
            }),
        })
    }
}

pub(crate) fn receipts_of(
    connection: &mut PgConnection,
    payments: &[Uuid],
) -> Result<Vec<ReceiptRow>, LedgerError> {
    Ok(receipts::table
        .filter(receipts::payment_id.eq_any(payments))
        .select(ReceiptRow::as_select())
        .order((receipts::created_at, receipts::id))
        .load(connection)?)
}

pub(crate) fn notices_of(
    connection: &mut PgConnection,
    payments: &[Uuid],
) -> Result<Vec<NoticeRow>, LedgerError> {
    Ok(receipt_notices::table
        .filter(receipt_notices::payment_id.eq_any(payments))
        .select(NoticeRow::as_select())
        .load(connection)?)
}

/// Inserts new receipts and changes known ones. The one that becomes the merchant's comes last: of a
/// payment's receipts one can be so at a time.
pub(crate) fn save_all(receipts: &BTreeMap<Uuid, ReceiptRow>) -> Statement {
    let mut ordered: Vec<&ReceiptRow> = receipts.values().collect();
    ordered.sort_by_key(|row| row.held == "merchant");
    let rows = || ordered.iter();
    Statement::new(
        "INSERT INTO receipts (id, payment_id, request_key, amount_minor, held, created_at, \
             received_minor, returned_minor, given_back_minor, given_back_whole, is_right, verdict, \
             provider_reference, fee_minor, rrn, issuer, settles_on, finished_at) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET request_key = excluded.request_key, \
             amount_minor = excluded.amount_minor, held = excluded.held, \
             received_minor = excluded.received_minor, returned_minor = excluded.returned_minor, \
             given_back_minor = excluded.given_back_minor, \
             given_back_whole = excluded.given_back_whole, is_right = excluded.is_right, \
             verdict = excluded.verdict, provider_reference = excluded.provider_reference, \
             fee_minor = excluded.fee_minor, rrn = excluded.rrn, issuer = excluded.issuer, \
             settles_on = excluded.settles_on, finished_at = excluded.finished_at",
    )
    .column::<SqlUuid, _>(rows().map(|row| row.id))
    .column::<SqlUuid, _>(rows().map(|row| row.payment_id))
    .column::<Nullable<Text>, _>(rows().map(|row| row.request_key.clone()))
    .column::<BigInt, _>(rows().map(|row| row.amount_minor))
    .column::<Text, _>(rows().map(|row| row.held.clone()))
    .column::<Timestamptz, _>(rows().map(|row| row.created_at))
    .column::<Nullable<BigInt>, _>(rows().map(|row| row.received_minor))
    .column::<BigInt, _>(rows().map(|row| row.returned_minor))
    .column::<BigInt, _>(rows().map(|row| row.given_back_minor))
    .column::<Bool, _>(rows().map(|row| row.given_back_whole))
    .column::<Bool, _>(rows().map(|row| row.is_right))
    .column::<Nullable<Text>, _>(rows().map(|row| row.verdict.clone()))
    .column::<Nullable<Text>, _>(rows().map(|row| row.provider_reference.clone()))
    .column::<Nullable<BigInt>, _>(rows().map(|row| row.fee_minor))
    .column::<Nullable<Text>, _>(rows().map(|row| row.rrn.clone()))
    .column::<Nullable<Text>, _>(rows().map(|row| row.issuer.clone()))
    .column::<Nullable<Date>, _>(rows().map(|row| row.settles_on))
    .column::<Nullable<Timestamptz>, _>(rows().map(|row| row.finished_at))
}

/// Inserts new notices and changes known ones.
pub(crate) fn save_notices(notices: &BTreeMap<NoticeKey, NoticeRow>) -> Statement {
    let rows = || notices.values();
    Statement::new(
        "INSERT INTO receipt_notices (payment_id, says, named_by, name, total_minor, whole, verdict) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (payment_id, says, named_by, name) DO UPDATE \
             SET total_minor = excluded.total_minor, whole = excluded.whole, \
                 verdict = excluded.verdict",
    )
    .column::<SqlUuid, _>(rows().map(|row| row.payment_id))
    .column::<Text, _>(rows().map(|row| row.says.clone()))
    .column::<Text, _>(rows().map(|row| row.named_by.clone()))
    .column::<Text, _>(rows().map(|row| row.name.clone()))
    .column::<BigInt, _>(rows().map(|row| row.total_minor))
    .column::<Bool, _>(rows().map(|row| row.whole))
    .column::<Nullable<Text>, _>(rows().map(|row| row.verdict.clone()))
}

pub(crate) fn insert_aliases(aliases: &BTreeSet<(Uuid, String)>) -> Statement {
    Statement::new(
        "INSERT INTO provider_aliases (payment_id, provider_reference) \
         SELECT * FROM unnest(?, ?) ON CONFLICT DO NOTHING",
    )
    .column::<SqlUuid, _>(aliases.iter().map(|(payment, _)| *payment))
    .column::<Text, _>(aliases.iter().map(|(_, name)| name.clone()))
}
