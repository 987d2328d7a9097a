//! Merchants: the shops.

use ayolinx_core::ids::MerchantId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::LedgerError;
use crate::schema::merchants;
use crate::tx::Tx;

/// A merchant as the operator sees it.
#[derive(Debug, Clone)]
pub struct MerchantLine {
    /// Identity.
    pub id: MerchantId,
    /// Name.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Tx<'_> {
    /// Adds a merchant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn add_merchant(&mut self, id: MerchantId, name: &str) -> Result<(), LedgerError> {
        diesel::insert_into(merchants::table)
            .values((merchants::id.eq(id.as_uuid()), merchants::name.eq(name)))
            .execute(self.connection()?)?;
        Ok(())
    }

    /// All merchants, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_merchants(&mut self) -> Result<Vec<MerchantLine>, LedgerError> {
        let rows: Vec<(Uuid, String, DateTime<Utc>)> = merchants::table
            .order((merchants::created_at, merchants::id))
            .load(self.connection()?)?;
        Ok(rows
            .into_iter()
            .map(|(id, name, created_at)| MerchantLine {
                id: MerchantId::from_uuid(id),
                name,
                created_at,
            })
            .collect())
    }

    /// The merchant of this id.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn merchant_exists(&mut self, id: MerchantId) -> Result<(), LedgerError> {
        let _id: Uuid = merchants::table
            .find(id.as_uuid())
            .select(merchants::id)
            .first(self.connection()?)?;
        Ok(())
    }
}
