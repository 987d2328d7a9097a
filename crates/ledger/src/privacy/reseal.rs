//! A walk through everything that is sealed at rest, page by page: it finds the key of each value,
//! and seals those under another key anew, under the newest. The rows themselves show what is done.

use ayolinx_core::key_id::KeyId;
use ayolinx_core::sealing::{SealError, sealed_under};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};

use crate::error::LedgerError;
use crate::rows::seals::PAYEE_CONTEXT;
use crate::rows::seals::PAYER_CONTEXT;
use crate::rows::seals::REPLY_CONTEXT;
use crate::rows::seals::SECRET_CONTEXT;
use crate::rows::seals::{BODY_CONTEXT, REFUSED_CONTEXT};
use crate::tx::Tx;

/// A column of sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedColumn {
    /// Secrets that sign a merchant's webhooks.
    WebhookSecrets,
    /// Secrets from before the last rotation.
    PreviousWebhookSecrets,
    /// Names, addresses and numbers of payers.
    Payers,
    /// First replies to creates, kept to be given again.
    Replies,
    /// Bodies of verified callbacks.
    Callbacks,
    /// Bodies of refused callbacks.
    RefusedCallbacks,
    /// Accounts that refunds go to.
    Payees,
}

/// The table and columns of sealed values.
struct Place {
    table: &'static str,
    column: &'static str,
    key: &'static str,
    key_type: &'static str,
    /// A value less than every key.
    start: &'static str,
}

/// One value: its row, and the key it is under; `None` when it is not sealed at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// Its row's key, as text.
    pub row: String,
    /// The key.
    pub key: Option<KeyId>,
}

/// Some rows in the order of their keys.
#[derive(Debug, Clone)]
pub struct SealedPage {
    /// The values of the rows that have one.
    pub values: Vec<SealedValue>,
    /// The place where the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// The outcome for rows that were to be sealed anew. Rows that are gone are counted in none of these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Number of values under the newest key now.
    pub sealed: u64,
    /// Number of values left, since their key is not listed.
    pub unlisted: u64,
    /// Number of values left, since they do not open.
    pub broken: u64,
}

#[derive(QueryableByName)]
struct HeaderRow {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Nullable<Binary>)]
    header: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct ValueRow {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

impl SealedColumn {
    /// Every column, the few and weighty first.
    pub const ALL: [Self; 7] = [
        Self::WebhookSecrets,
        Self::PreviousWebhookSecrets,
        Self::Payers,
        Self::Replies,
        Self::Callbacks,
        Self::RefusedCallbacks,
        Self::Payees,
    ];

    /// Returns `table.column`.
    #[must_use]
    pub fn name(self) -> String {
        let Place { table, column, .. } = self.place();
        format!("{table}.{column}")
    }

    const fn place(self) -> Place {
        let (table, column, key) = match self {
            Self::WebhookSecrets => ("webhook_endpoints", "secret_sealed", "id"),
            Self::PreviousWebhookSecrets => ("webhook_endpoints", "previous_secret_sealed", "id"),
            Self::Payers => ("payers", "sealed", "order_id"),
            Self::Replies => ("creations", "reply_sealed", "id"),
            Self::Callbacks => ("notifications", "body_sealed", "id"),
            Self::RefusedCallbacks => ("rejected_notifications", "body_sealed", "id"),
            Self::Payees => ("refunds", "payee_sealed", "id"),
        };
        let (key_type, start) = match self {
            Self::RefusedCallbacks => ("bigint", "-1"),
            Self::WebhookSecrets
            | Self::PreviousWebhookSecrets
            | Self::Payers
            | Self::Replies
            | Self::Callbacks
            | Self::Payees => ("uuid", "00000000-0000-0000-0000-000000000000"),
        };
        Place {
            table,
            column,
            key,
            key_type,
            start,
        }
    }

    /// Returns the context that a value is bound to, as where it is sealed first.
    fn context(self, row: &str) -> String {
        match self {
            Self::WebhookSecrets | Self::PreviousWebhookSecrets => format!("{SECRET_CONTEXT}{row}"),
            Self::Payers => format!("{PAYER_CONTEXT}{row}"),
            Self::Replies => format!("{REPLY_CONTEXT}{row}"),
            Self::Callbacks => format!("{BODY_CONTEXT}{row}"),
            Self::RefusedCallbacks => REFUSED_CONTEXT.to_owned(),
            Self::Payees => format!("{PAYEE_CONTEXT}{row}"),
        }
    }
}

impl Tx<'_> {
    /// Returns the next `rows` of a column's rows after this one; from the beginning without.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn sealed_page(
        &mut self,
        of: SealedColumn,
        after: Option<&str>,
        rows: i64,
    ) -> Result<SealedPage, LedgerError> {
        let Place {
            table,
            column,
            key,
            key_type,
            start,
        } = of.place();
        let query = format!(
            "SELECT {key}::text AS place, substring({column} FROM 1 FOR 5) AS header FROM {table} \
             WHERE {key} > $1::{key_type} ORDER BY {key} LIMIT $2"
        );
        let read: Vec<HeaderRow> = diesel::sql_query(query)
            .bind::<Text, _>(after.unwrap_or(start))
            .bind::<BigInt, _>(rows)
            .load(self.connection()?)?;
        let is_full = i64::try_from(read.len()).is_ok_and(|read| read >= rows);
        let next = read.last().map(|last| last.place.clone());
        let values = read.into_iter().filter_map(|HeaderRow { place, header }| {
            let key = sealed_under(&header?);
            Some(SealedValue { row: place, key })
        });
        Ok(SealedPage {
            values: values.collect(),
            next: next.filter(|_| is_full),
        })
    }

    /// Seals these rows' values under the newest key, bound to what they were bound to. A row that
    /// another transaction holds is left as it is, so that nobody waits for this.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn reseal(&mut self, of: SealedColumn, rows: &[String]) -> Result<Resealed, LedgerError> {
        let Place {
            table,
            column,
            key,
            key_type,
            ..
        } = of.place();
        let query = format!(
            "SELECT {key}::text AS place, {column} AS sealed FROM {table} \
             WHERE {key} = ANY($1::{key_type}[]) AND {column} IS NOT NULL \
             ORDER BY {key} FOR NO KEY UPDATE SKIP LOCKED"
        );
        let held: Vec<ValueRow> = diesel::sql_query(query)
            .bind::<Array<Text>, _>(rows)
            .load(self.connection()?)?;
        let mut done = Resealed::default();
        let (mut ids, mut anew) = (Vec::new(), Vec::new());
        for ValueRow { place: row, sealed } in held {
            let context = of.context(&row);
            match self.context.keyring.open(&sealed, context.as_bytes()) {
                Ok(plain) => {
                    anew.push(self.context.seal(&plain, &context)?);
                    ids.push(row);
                    done.sealed = done.sealed.saturating_add(1);
                }
                Err(SealError::UnknownKey) => done.unlisted = done.unlisted.saturating_add(1),
                Err(SealError::Broken | SealError::NoKey) => {
                    done.broken = done.broken.saturating_add(1);
                }
            }
        }
        let update = format!(
            "UPDATE {table} SET {column} = new.sealed \
             FROM unnest($1::{key_type}[], $2) AS new (place, sealed) WHERE {table}.{key} = new.place"
        );
        diesel::sql_query(update)
            .bind::<Array<Text>, _>(ids)
            .bind::<Array<Binary>, _>(anew)
            .execute(self.connection()?)?;
        Ok(done)
    }
}
