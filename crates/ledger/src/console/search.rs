//! An order by any name that a person has of it, and everything known about it.

use std::collections::BTreeSet;

use ayolinx_core::ids::{EventId, MerchantId, OrderId, PaymentId};
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::OrderRecord;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::orders::timeline::TimelineItem;
use crate::refunds::requests::RefundLine;
use crate::rows;
use crate::tx::Tx;

/// The most orders that a name used by several shops finds.
const FOUND_MAX: usize = 20;

/// An order that was found.
#[derive(Debug, Clone)]
pub struct FoundOrder {
    /// Identity.
    pub id: OrderId,
    /// The shop's order number.
    pub reference: String,
    /// The shop.
    pub shop: String,
    /// State.
    pub state: String,
    /// The amount asked for.
    pub amount: Amount,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
}

/// The money of one payment.
#[derive(Debug, Clone)]
pub struct PaymentMoney {
    /// The payment.
    pub payment: PaymentId,
    /// The amount that came in.
    pub received: Amount,
    /// The amount that went back.
    pub refunded: Amount,
    /// The amount that is the merchant's.
    pub merchant: Amount,
    /// The amount that nobody has decided on.
    pub suspense: Amount,
}

/// Everything about one order.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The order with its payer and payments.
    pub order: OrderRecord,
    /// The merchant that it belongs to.
    pub merchant: MerchantId,
    /// The name of the shop.
    pub shop: String,
    /// Money by payment, newest first.
    pub money: Vec<PaymentMoney>,
    /// Refunds, oldest first.
    pub refunds: Vec<RefundLine>,
    /// The order's timeline, oldest first; masked as for the shop.
    pub timeline: Vec<TimelineItem>,
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    reference: String,
    #[diesel(sql_type = Text)]
    shop: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct OwnerRow {
    #[diesel(sql_type = SqlUuid)]
    order_id: Uuid,
}

impl Tx<'_> {
    /// Returns the orders that a name stands for: an order's id or number at the shop, a payment's id,
    /// the provider's number of a payment, a receipt's RRN, an event's id. Newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn console_search(&mut self, name: &str) -> Result<Vec<FoundOrder>, LedgerError> {
        let named = self.orders_named(name)?;
        let mut found: BTreeSet<Uuid> = named.into_iter().map(|id| id.as_uuid()).collect();
        if let Ok(event) = name.parse::<EventId>() {
            found.extend(self.orders_of(
                "SELECT order_id FROM events WHERE id = ? AND order_id IS NOT NULL",
                |statement| statement.bind::<SqlUuid, _>(event.as_uuid()),
            )?);
        }
        let by_name = |statement: Statement| {
            let statement = statement.bind::<Text, _>(name.to_owned());
            statement.bind::<BigInt, _>(20_i64)
        };
        for sql in [
            "SELECT order_id FROM payments WHERE provider_reference = ? LIMIT ?",
            "SELECT p.order_id FROM (SELECT payment_id FROM provider_aliases \
                 WHERE provider_reference = ? LIMIT ?) AS a \
             CROSS JOIN LATERAL (SELECT order_id FROM payments WHERE id = a.payment_id \
                 OFFSET 0) AS p",
        ] {
            found.extend(self.orders_of(sql, by_name)?);
        }
        found.extend(self.orders_with_rrn(name)?);
        self.found_orders(found.into_iter().rev().take(FOUND_MAX).collect())
    }

    fn orders_of(
        &mut self,
        sql: &'static str,
        bind: impl FnOnce(Statement) -> Statement,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let rows: Vec<OwnerRow> = bind(Statement::new(sql)).load(self.connection()?)?;
        Ok(rows.into_iter().map(|row| row.order_id).collect())
    }

    fn found_orders(&mut self, ids: Vec<Uuid>) -> Result<Vec<FoundOrder>, LedgerError> {
        let rows: Vec<FoundRow> = Statement::new(
            "SELECT o.id, o.reference, m.name AS shop, o.state, o.amount_minor, o.currency, \
                 o.created_at \
             FROM unnest(?) AS wanted (id) \
             CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = wanted.id OFFSET 0) AS o \
             JOIN merchants m ON m.id = o.merchant_id ORDER BY o.id DESC",
        )
        .bind::<Array<SqlUuid>, _>(ids)
        .load(self.connection()?)?;
        rows.into_iter()
            .map(|row| {
                Ok(FoundOrder {
                    id: OrderId::from_uuid(row.id),
                    reference: row.reference,
                    shop: row.shop,
                    state: row.state,
                    amount: rows::values::amount(row.amount_minor, &row.currency)?,
                    created_at: row.created_at,
                })
            })
            .collect()
    }

    /// Returns everything about one order of any merchant.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn dossier(&mut self, id: OrderId) -> Result<Dossier, LedgerError> {
        let found = self.checkout_order(id, |_any| true)?;
        let payments = self.payments_of(id.as_uuid())?;
        let money = payments.iter().map(|row| {
            let amount = |minor| rows::values::amount(minor, &row.currency);
            Ok(PaymentMoney {
                payment: row.id(),
                received: amount(row.received_minor)?,
                refunded: amount(row.refunded_minor)?,
                merchant: amount(row.merchant_minor)?,
                suspense: amount(row.suspense_minor)?,
            })
        });
        Ok(Dossier {
            money: money.collect::<Result<_, LedgerError>>()?,
            refunds: self.refunds_of(found.merchant_id, id)?,
            timeline: self.timeline(found.merchant_id, id)?,
            order: found.order,
            merchant: found.merchant_id,
            shop: found.shop,
        })
    }
}
