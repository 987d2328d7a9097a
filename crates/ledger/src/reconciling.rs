//! Payments of a time, page by page, to be held against what the provider knows (`gatewayctl reconcile`).

use ayolinx_core::ids::{OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::{amount, parse};
use crate::schema::{orders, payments};
use crate::tx::Tx;

/// A payment as our books have it.
#[derive(Debug, Clone)]
pub struct PaymentInBooks {
    /// What the provider knows it by.
    pub id: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// The shop's order number.
    pub reference: String,
    /// How it is paid.
    pub method: Method,
    /// Absent for links.
    pub channel: Option<String>,
    /// Where it stands.
    pub state: PaymentState,
    /// What was asked for.
    pub amount: Amount,
    /// What came.
    pub received: Amount,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BooksPlace {
    created_at: DateTime<Utc>,
    id: Uuid,
}

impl PaymentInBooks {
    /// The place after this one.
    #[must_use]
    pub fn place(&self) -> BooksPlace {
        BooksPlace {
            created_at: self.created_at,
            id: self.id.as_uuid(),
        }
    }
}

type Row = (
    Uuid,
    Uuid,
    String,
    String,
    Option<String>,
    String,
    (i64, i64, String),
    DateTime<Utc>,
);

impl Tx<'_> {
    /// At most `limit` payments made at or after `from` and before `to`, oldest first, after a place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn payments_in_books(
        &mut self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        after: Option<BooksPlace>,
        limit: i64,
    ) -> Result<Vec<PaymentInBooks>, LedgerError> {
        let mut query = payments::table
            .inner_join(orders::table.on(orders::id.eq(payments::order_id)))
            .filter(payments::created_at.ge(from))
            .filter(payments::created_at.lt(to))
            .select((
                payments::id,
                payments::order_id,
                orders::reference,
                payments::method,
                payments::channel,
                payments::state,
                (
                    payments::amount_minor,
                    payments::received_minor,
                    payments::currency,
                ),
                payments::created_at,
            ))
            .order((payments::created_at, payments::id))
            .limit(limit)
            .into_boxed();
        if let Some(place) = after {
            query = query.filter(
                payments::created_at
                    .gt(place.created_at)
                    .or(payments::created_at
                        .eq(place.created_at)
                        .and(payments::id.gt(place.id))),
            );
        }
        let rows: Vec<Row> = query.load(self.connection()?)?;
        rows.into_iter().map(read).collect()
    }

    /// How many payments were made at or after `from` and before `to`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn count_payments_in_books(
        &mut self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<i64, LedgerError> {
        Ok(payments::table
            .filter(payments::created_at.ge(from))
            .filter(payments::created_at.lt(to))
            .count()
            .get_result(self.connection()?)?)
    }
}

fn read(row: Row) -> Result<PaymentInBooks, LedgerError> {
    let (id, order, reference, method, channel, state, (asked, received, currency), created_at) =
        row;
    Ok(PaymentInBooks {
        id: PaymentId::from_uuid(id),
        order: OrderId::from_uuid(order),
        reference,
        method: parse("method", &method)?,
        channel,
        state: parse("payment state", &state)?,
        amount: amount(asked, &currency)?,
        received: amount(received, &currency)?,
        created_at,
    })
}
