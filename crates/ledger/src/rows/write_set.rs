//! The rows that a transaction is going to write, buffered until they are needed or it ends: then
//! each table gets one statement for all of its rows, and all of them are one. So one commit carries
//! many payments at the price of a few round trips. Nobody reads around the buffer: `Tx::connection`
//! writes it out first.

use std::collections::{BTreeMap, BTreeSet};

use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::statement::{Named, Statement};
use crate::error::LedgerError;
use crate::rows::creations::NewCreation;
use crate::rows::events::NewEvent;
use crate::rows::history::NewHistory;
use crate::rows::journals::NewJournal;
use crate::rows::notifications::{NewNotification, Seen};
use crate::rows::orders::OrderRow;
use crate::rows::payments::NewRow;
use crate::rows::payments::PaymentRow;
use crate::rows::receipts::{NoticeKey, NoticeRow, ReceiptRow};
use crate::rows::work::Planned;
use crate::rows::work::WorkKind;

/// The rows to be written, by table. Those of a changed row are ordered by its id, so that two
/// transactions never deadlock.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) orders_made: Vec<OrderRow>,
    pub(crate) payers: BTreeMap<Uuid, Vec<u8>>,
    pub(crate) payments_made: Vec<NewRow>,
    pub(crate) payments: BTreeMap<Uuid, PaymentRow>,
    pub(crate) orders: BTreeMap<Uuid, OrderRow>,
    pub(crate) receipts: BTreeMap<Uuid, ReceiptRow>,
    pub(crate) notices: BTreeMap<NoticeKey, NoticeRow>,
    pub(crate) aliases: BTreeSet<(Uuid, String)>,
    pub(crate) journals: Vec<NewJournal>,
    pub(crate) history: Vec<NewHistory>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) work_dropped: BTreeSet<(Uuid, WorkKind)>,
    pub(crate) work_planned: BTreeMap<(Uuid, WorkKind), Planned>,
    pub(crate) creations: Vec<NewCreation>,
    pub(crate) notifications: Vec<NewNotification>,
    pub(crate) notifications_seen: Vec<Seen>,
}

impl Writes {
    /// Writes everything out in one statement, unless two of the statements are about the same row,
    /// which one statement may write only once. Then they run one after the other, parents before
    /// children.
    pub(crate) fn flush(&mut self, connection: &mut PgConnection) -> Result<(), LedgerError> {
        let steps = self.steps();
        if steps.is_empty() {
            return Ok(());
        }
        let apart = self.has_rows_written_twice();
        *self = Self::default();
        if apart {
            for step in steps {
                Statement::together(step).execute(connection)?;
            }
        } else {
            let all = steps.into_iter().flatten().collect();
            Statement::together(all).execute(connection)?;
        }
        Ok(())
    }

    /// Writes everything out together with this statement, and returns what that returns.
    pub(crate) fn flush_with<R>(
        &mut self,
        named: Named,
        connection: &mut PgConnection,
    ) -> Result<Vec<R>, LedgerError>
    where
        R: QueryableByName<Pg> + 'static,
    {
        if self.has_rows_written_twice() {
            self.flush(connection)?;
        }
        let mut all: Vec<Named> = self.steps().into_iter().flatten().collect();
        *self = Self::default();
        let name = named.0;
        all.push(named);
        Ok(Statement::telling(all, name).load(connection)?)
    }

    fn steps(&self) -> Vec<Vec<Named>> {
        let mut steps = Steps::default();
        let made = crate::rows::orders::insert_orders;
        steps.add("orders_made", self.orders_made.as_slice(), made);
        steps.add("payers_kept", &self.payers, crate::rows::payers::save_all);
        let made = crate::rows::payments::insert_all;
        steps.add("payments_made", self.payments_made.as_slice(), made);
        steps.add(
            "payments_changed",
            &self.payments,
            crate::rows::payments::update_all,
        );
        steps.add(
            "orders_changed",
            &self.orders,
            crate::rows::orders::update_all,
        );
        steps.add(
            "receipts_kept",
            &self.receipts,
            crate::rows::receipts::save_all,
        );
        let noticed = crate::rows::receipts::save_notices;
        steps.add("notices_kept", &self.notices, noticed);
        steps.add(
            "aliases_kept",
            &self.aliases,
            crate::rows::receipts::insert_aliases,
        );
        if !self.journals.is_empty() {
            steps
                .0
                .push(crate::rows::journals::insert_all(&self.journals));
        }
        steps.add(
            "work_dropped",
            &self.work_dropped,
            crate::rows::work::delete_all,
        );
        steps.add(
            "work_planned",
            &self.work_planned,
            crate::rows::work::plan_all,
        );
        steps.add(
            "history_kept",
            self.history.as_slice(),
            crate::rows::history::insert_all,
        );
        if !self.events.is_empty() {
            steps.0.push(crate::rows::events::insert_all(&self.events));
        }
        let claimed = crate::rows::creations::insert_creations;
        steps.add("creations_made", self.creations.as_slice(), claimed);
        let stored = crate::rows::notifications::save_all;
        steps.add("notifications_kept", self.notifications.as_slice(), stored);
        let counted = crate::rows::notifications::count_again;
        steps.add(
            "notifications_seen",
            self.notifications_seen.as_slice(),
            counted,
        );
        steps.0
    }

    fn has_rows_written_twice(&self) -> bool {
        let planned = |work| self.work_planned.contains_key(work);
        (self.payments_made.iter()).any(|made| self.payments.contains_key(&made.row.id))
            || (self.orders_made.iter()).any(|row| self.orders.contains_key(&row.id))
            || self.work_dropped.iter().any(planned)
            || (self.notifications_seen.iter()).any(|seen| seen.is_among(&self.notifications))
    }

    /// Drops work: planned again afterwards, it begins anew; dropped after it was planned, it ends.
    pub(crate) fn drop_work(&mut self, payment_id: Uuid, kind: WorkKind) {
        self.work_planned.remove(&(payment_id, kind));
        self.work_dropped.insert((payment_id, kind));
    }
}

/// The statements to be run, table by table.
#[derive(Default)]
struct Steps(Vec<Vec<Named>>);

impl Steps {
    fn add<'r, R>(&mut self, name: &'static str, rows: &'r R, write: fn(&'r R) -> Statement)
    where
        R: Rows + ?Sized,
    {
        if !rows.are_none() {
            self.0.push(vec![(name, write(rows))]);
        }
    }
}

/// A set of rows of whatever kind.
trait Rows {
    fn are_none(&self) -> bool;
}

impl<T> Rows for [T] {
    fn are_none(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Rows for BTreeMap<K, V> {
    fn are_none(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Rows for BTreeSet<T> {
    fn are_none(&self) -> bool {
        self.is_empty()
    }
}
