//! What a transaction is going to write, kept until it is needed or ends: then each table gets one
//! statement for all of its rows. That is what lets one commit carry many payments at the price of a
//! few statements. Nobody reads around it: `Tx::connection` writes it out first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::arrivals::{NewNotification, Seen};
use crate::beginnings::NewCreation;
use crate::error::LedgerError;
use crate::events::NewEvent;
use crate::history::NewHistory;
use crate::journal::NewJournal;
use crate::receipts::ReceiptRow;
use crate::rows::{OrderRow, PaymentRow};
use crate::work::WorkKind;

/// When a piece of work is due, by a plan that began then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) due_at: DateTime<Utc>,
}

/// The rows to be written, by table. Those of a changed row are ordered by its id, so that two
/// transactions never wait for each other crosswise.
#[derive(Default)]
pub(crate) struct Writes {
    pub(crate) payers: BTreeMap<Uuid, Vec<u8>>,
    pub(crate) payments_made: Vec<PaymentRow>,
    pub(crate) payments: BTreeMap<Uuid, PaymentRow>,
    pub(crate) orders: BTreeMap<Uuid, OrderRow>,
    pub(crate) receipts: BTreeMap<Uuid, ReceiptRow>,
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
    /// Writes everything out, parents before children.
    pub(crate) fn flush(&mut self, connection: &mut PgConnection) -> Result<(), LedgerError> {
        crate::payers::save_all(connection, &std::mem::take(&mut self.payers))?;
        crate::payments::insert_all(connection, &std::mem::take(&mut self.payments_made))?;
        crate::payments::update_all(connection, &std::mem::take(&mut self.payments))?;
        crate::orders::update_all(connection, &std::mem::take(&mut self.orders))?;
        crate::receipts::save_all(connection, &std::mem::take(&mut self.receipts))?;
        crate::receipts::insert_aliases(connection, &std::mem::take(&mut self.aliases))?;
        crate::journal::insert_all(connection, &std::mem::take(&mut self.journals))?;
        crate::work::delete_all(connection, &std::mem::take(&mut self.work_dropped))?;
        crate::work::plan_all(connection, &std::mem::take(&mut self.work_planned))?;
        crate::history::insert_all(connection, &std::mem::take(&mut self.history))?;
        crate::events::insert_all(connection, &std::mem::take(&mut self.events))?;
        crate::beginnings::insert_creations(connection, &std::mem::take(&mut self.creations))?;
        crate::arrivals::save_all(connection, &std::mem::take(&mut self.notifications))?;
        crate::arrivals::count_again(connection, &std::mem::take(&mut self.notifications_seen))
    }

    /// Work that is planned after it was dropped begins anew; dropped after it was planned, it ends.
    pub(crate) fn drop_work(&mut self, payment_id: Uuid, kind: WorkKind) {
        self.work_planned.remove(&(payment_id, kind));
        self.work_dropped.insert((payment_id, kind));
    }
}
