//! Merchants: the shops.

use ayolinx_core::ids::MerchantId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::merchants;
use crate::error::LedgerError;
use crate::tx::Tx;

/// A merchant as the operator sees it.
#[derive(Debug, Clone)]
pub struct MerchantLine {
    /// Identity.
    pub id: MerchantId,
    /// Name.
    pub name: String,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
    /// Its names at e-wallets.
    pub sub_merchant: SubMerchant,
}

/// A merchant's names at e-wallets; sent with its creates there (protocol 4.5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Queryable)]
pub struct SubMerchant {
    /// The shop: at most 32 visible ASCII characters.
    pub sub_merchant_id: Option<String>,
    /// Its branch: at most 64 visible ASCII characters.
    pub external_store_id: Option<String>,
}

/// A change of [`SubMerchant`]. The outer `None` leaves what is there, the inner takes it away.
#[derive(Debug, Clone, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = merchants)]
pub struct SubMerchantChange {
    /// The shop.
    pub sub_merchant_id: Option<Option<String>>,
    /// Its branch.
    pub external_store_id: Option<Option<String>>,
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

    /// Returns all merchants, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_merchants(&mut self) -> Result<Vec<MerchantLine>, LedgerError> {
        let rows: Vec<(Uuid, String, DateTime<Utc>, SubMerchant)> = merchants::table
            .order((merchants::created_at, merchants::id))
            .select((
                merchants::id,
                merchants::name,
                merchants::created_at,
                (merchants::sub_merchant_id, merchants::external_store_id),
            ))
            .load(self.connection()?)?;
        Ok(rows
            .into_iter()
            .map(|(id, name, created_at, sub_merchant)| MerchantLine {
                id: MerchantId::from_uuid(id),
                name,
                created_at,
                sub_merchant,
            })
            .collect())
    }

    /// Changes a merchant's names at e-wallets; returns what they are from now on.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such merchant; a constraint's when a value is too long or has other
    /// than visible ASCII characters.
    pub fn set_sub_merchant(
        &mut self,
        id: MerchantId,
        change: &SubMerchantChange,
    ) -> Result<SubMerchant, LedgerError> {
        let set = diesel::update(merchants::table.find(id.as_uuid()))
            .set(change)
            .returning((merchants::sub_merchant_id, merchants::external_store_id))
            .get_result(self.connection()?)?;
        Ok(set)
    }

    /// Returns a merchant's names at e-wallets.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such merchant.
    pub(crate) fn sub_merchant(&mut self, id: Uuid) -> Result<SubMerchant, LedgerError> {
        Ok(merchants::table
            .find(id)
            .select((merchants::sub_merchant_id, merchants::external_store_id))
            .first(self.connection()?)?)
    }

    /// Checks that there is a merchant of this id.
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
