//! Rows of journals and of their entries.

use ayolinx_core::posting::Entry;
use diesel::sql_types::{BigInt, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::{Named, Statement};

/// A journal to be written, with its entries.
pub(crate) struct NewJournal {
    pub(crate) id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) receipt_id: Uuid,
    pub(crate) booking: &'static str,
    pub(crate) currency: &'static str,
    pub(crate) entries: [Entry; 2],
}

/// Inserts each journal with its entries in one statement, so that the database's own check sees
/// them whole.
pub(crate) fn insert_all(journals: &[NewJournal]) -> Vec<Named> {
    let lines = || {
        journals.iter().flat_map(|journal| {
            (1_i16..)
                .zip(&journal.entries)
                .map(move |(line, entry)| (journal, line, entry))
        })
    };
    let made = Statement::new(
        "INSERT INTO journals (id, merchant_id, order_id, payment_id, receipt_id, booking) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.merchant_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.order_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.payment_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.receipt_id))
    .column::<Text, _>(journals.iter().map(|journal| journal.booking));
    let entered = Statement::new(
        "INSERT INTO entries (journal_id, line, merchant_id, account, minor, currency) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(lines().map(|(journal, _, _)| journal.id))
    .column::<SmallInt, _>(lines().map(|(_, line, _)| line))
    .column::<SqlUuid, _>(lines().map(|(journal, _, _)| journal.merchant_id))
    .column::<Text, _>(lines().map(|(_, _, entry)| entry.account.as_str()))
    .column::<BigInt, _>(lines().map(|(_, _, entry)| entry.minor))
    .column::<Text, _>(lines().map(|(journal, _, _)| journal.currency));
    vec![("journals_made", made), ("entries_made", entered)]
}
