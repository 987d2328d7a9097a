//! Merchants and their API keys. A key is looked up by its digest under the pepper, never stored.

use ayolinx_core::ids::MerchantId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::LedgerError;
use crate::schema::{api_keys, merchants};
use crate::tx::Tx;

/// Who calls, and what the key allows.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The merchant.
    pub merchant_id: MerchantId,
    /// The key.
    pub key_id: Uuid,
    /// Its scopes.
    pub scopes: Vec<String>,
}

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

/// An API key as the operator sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct KeyLine {
    /// Identity.
    pub id: Uuid,
    /// How the key begins, to tell it from others.
    pub hint: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when it was good.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// An API key to be stored.
#[derive(Debug)]
pub struct NewKey {
    /// HMAC-SHA256(pepper, key).
    pub digest: [u8; 32],
    /// How the key begins.
    pub hint: String,
    /// Scopes.
    pub scopes: Vec<String>,
}

impl Tx<'_> {
    /// The caller that one of these digests (one for each pepper) belongs to.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when no key that is not revoked has it.
    pub fn find_caller(&mut self, digests: &[[u8; 32]]) -> Result<Caller, LedgerError> {
        let digests: Vec<&[u8]> = digests.iter().map(<[u8; 32]>::as_slice).collect();
        let (key_id, merchant_id, scopes): (Uuid, Uuid, Vec<String>) = api_keys::table
            .filter(api_keys::digest.eq_any(digests))
            .filter(api_keys::revoked_at.is_null())
            .select((api_keys::id, api_keys::merchant_id, api_keys::scopes))
            .first(self.connection()?)?;
        Ok(Caller {
            merchant_id: MerchantId::from_uuid(merchant_id),
            key_id,
            scopes,
        })
    }

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

    /// Stores a key of a merchant.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn add_key(&mut self, merchant: MerchantId, key: &NewKey) -> Result<Uuid, LedgerError> {
        let id = Uuid::now_v7();
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(id),
                api_keys::merchant_id.eq(merchant.as_uuid()),
                api_keys::digest.eq(key.digest.as_slice()),
                api_keys::hint.eq(&key.hint),
                api_keys::scopes.eq(&key.scopes),
            ))
            .execute(self.connection()?)?;
        Ok(id)
    }

    /// The keys of a merchant, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_keys(&mut self, merchant: MerchantId) -> Result<Vec<KeyLine>, LedgerError> {
        Ok(api_keys::table
            .filter(api_keys::merchant_id.eq(merchant.as_uuid()))
            .select(KeyLine::as_select())
            .order(api_keys::created_at)
            .load(self.connection()?)?)
    }

    /// Revokes a key of a merchant at once.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when the merchant has no such key.
    pub fn revoke_key(&mut self, merchant: MerchantId, key: Uuid) -> Result<(), LedgerError> {
        let now = self.now()?;
        let changed = diesel::update(api_keys::table.find(key))
            .filter(api_keys::merchant_id.eq(merchant.as_uuid()))
            .set(api_keys::revoked_at.eq(now))
            .execute(self.connection()?)?;
        if changed == 0 {
            return Err(LedgerError::NotFound);
        }
        Ok(())
    }
}
