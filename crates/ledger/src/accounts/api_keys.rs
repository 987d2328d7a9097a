//! API keys of merchants. A key is found by its digest under a pepper and never stored. While peppers
//! rotate it is stored under two, so that replicas with the list before and after both find it.

use ayolinx_core::api_key::Peppered;
use ayolinx_core::ids::MerchantId;
use ayolinx_core::key_id::KeyId;
use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use crate::database::schema::api_keys;
use crate::error::LedgerError;
use crate::tx::Tx;

/// The condition that a key's last use is noted already. It is known to the hour: other requests write
/// nothing.
const IS_NOTED: &str = "coalesce(used_at > now() - interval '1 hour', false)";

/// The caller of a request, and what the key allows.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The merchant.
    pub merchant_id: MerchantId,
    /// The key.
    pub key_id: Uuid,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// The use to be noted; mostly `None`. See [`Tx::note_key_use`].
    pub unnoted: Option<KeyUse>,
}

/// The use of a key, and the digests to be stored for it from now on.
#[derive(Debug, Clone)]
pub struct KeyUse {
    key_id: Uuid,
    found: Stored,
    wanted: Stored,
}

/// An API key as the operator sees it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct KeyLine {
    /// Identity.
    pub id: Uuid,
    /// The merchant that it belongs to.
    pub merchant_id: Uuid,
    /// The beginning of the key, to tell it from others.
    pub hint: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
    /// Time of its revocation.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time of its last use, to the hour; `None` when it was not used since this is noted.
    pub used_at: Option<DateTime<Utc>>,
    /// The pepper it is stored under; `None` when it is not known: it was not used since this is noted.
    pub pepper_id: Option<String>,
    /// The second pepper it is stored under.
    pub second_pepper_id: Option<String>,
}

/// The number of keys, not revoked, that are stored under the same peppers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperCount {
    /// The pepper; `None` when it is not known.
    pub pepper_id: Option<String>,
    /// The second one.
    pub second_pepper_id: Option<String>,
    /// Number of keys.
    pub keys: i64,
}

/// An API key to be stored.
#[derive(Debug)]
pub struct NewKey {
    /// Its digests, that of the newest pepper first. The first two are stored.
    pub digests: Vec<Peppered>,
    /// The beginning of the key.
    pub hint: String,
    /// Scopes.
    pub scopes: Vec<String>,
}

/// The digests of a key as they are in its row.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true)]
struct Stored {
    digest: Vec<u8>,
    pepper_id: Option<String>,
    second_digest: Option<Vec<u8>>,
    second_pepper_id: Option<String>,
}

impl Stored {
    fn of(first: &Peppered, second: Option<&Peppered>) -> Self {
        Self {
            digest: first.digest.to_vec(),
            pepper_id: Some(first.pepper.to_string()),
            second_digest: second.map(|second| second.digest.to_vec()),
            second_pepper_id: second.map(|second| second.pepper.to_string()),
        }
    }

    fn holds(&self, digest: &Peppered) -> bool {
        let is = |held: &[u8]| held == digest.digest;
        is(&self.digest) || self.second_digest.as_deref().is_some_and(is)
    }

    /// Returns the digests to be stored where these peppers are listed, newest first: under the newest,
    /// and under the newest of the others that it was stored under, which comes first for the programs
    /// that look at one only.
    fn under(&self, listed: &[Peppered]) -> Option<Self> {
        let (newest, older) = listed.split_first()?;
        Some(match older.iter().find(|older| self.holds(older)) {
            Some(older) => Self::of(older, Some(newest)),
            None => Self::of(newest, None),
        })
    }
}

impl Tx<'_> {
    /// Returns the caller that one of these digests (one for each pepper, newest first) belongs to.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when no key that is not revoked has it.
    pub fn find_caller(&mut self, listed: &[Peppered]) -> Result<Caller, LedgerError> {
        let digests: Vec<&[u8]> = listed.iter().map(|one| one.digest.as_slice()).collect();
        type Row = (Uuid, Uuid, Vec<String>, Stored, bool);
        let (key_id, merchant_id, scopes, found, is_noted): Row = api_keys::table
            .filter(
                api_keys::digest
                    .eq_any(&digests)
                    .or(api_keys::second_digest.eq_any(&digests)),
            )
            .filter(api_keys::revoked_at.is_null())
            .select((
                api_keys::id,
                api_keys::merchant_id,
                api_keys::scopes,
                Stored::as_select(),
                sql::<Bool>(IS_NOTED),
            ))
            .first(self.connection()?)?;
        let wanted = found.under(listed).unwrap_or_else(|| found.clone());
        let due = wanted != found || !is_noted;
        Ok(Caller {
            merchant_id: MerchantId::from_uuid(merchant_id),
            key_id,
            scopes,
            unnoted: due.then_some(KeyUse {
                key_id,
                found,
                wanted,
            }),
        })
    }

    /// Notes that a key was used, and stores it under the newest pepper. Nothing happens where another
    /// transaction holds the key, or where it has changed since it was found.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn note_key_use(&mut self, noted: &KeyUse) -> Result<(), LedgerError> {
        let free = api_keys::table
            .find(noted.key_id)
            .filter(api_keys::revoked_at.is_null())
            .select(Stored::as_select())
            .for_update()
            .skip_locked()
            .first::<Stored>(self.connection()?)
            .optional()?;
        if free.as_ref() == Some(&noted.found) {
            diesel::update(api_keys::table.find(noted.key_id))
                .set((&noted.wanted, api_keys::used_at.eq(diesel::dsl::now)))
                .execute(self.connection()?)?;
        }
        Ok(())
    }

    /// Stores a key of a merchant.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn add_key(&mut self, merchant: MerchantId, key: &NewKey) -> Result<Uuid, LedgerError> {
        let id = Uuid::now_v7();
        let stored = match key.digests.as_slice() {
            [] => return Err(LedgerError::corrupt("a key needs a pepper")),
            [newest] => Stored::of(newest, None),
            [newest, older, ..] => Stored::of(older, Some(newest)),
        };
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(id),
                api_keys::merchant_id.eq(merchant.as_uuid()),
                api_keys::digest.eq(stored.digest),
                api_keys::pepper_id.eq(stored.pepper_id),
                api_keys::second_digest.eq(stored.second_digest),
                api_keys::second_pepper_id.eq(stored.second_pepper_id),
                api_keys::hint.eq(&key.hint),
                api_keys::scopes.eq(&key.scopes),
            ))
            .execute(self.connection()?)?;
        Ok(id)
    }

    /// Returns the keys of a merchant, oldest first.
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

    /// Returns the keys of all merchants, without the revoked ones, that are not known to be stored
    /// under this pepper.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_keys_not_under(&mut self, pepper: KeyId) -> Result<Vec<KeyLine>, LedgerError> {
        let pepper = pepper.to_string();
        Ok(api_keys::table
            .filter(api_keys::revoked_at.is_null())
            .filter(api_keys::pepper_id.is_distinct_from(&pepper))
            .filter(api_keys::second_pepper_id.is_distinct_from(&pepper))
            .select(KeyLine::as_select())
            .order((api_keys::merchant_id, api_keys::created_at))
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

    /// Counts the keys of all merchants by the peppers they are stored under, without the revoked ones.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn count_keys_by_pepper(&mut self) -> Result<Vec<PepperCount>, LedgerError> {
        type Row = (Option<String>, Option<String>, i64);
        let rows: Vec<Row> = api_keys::table
            .filter(api_keys::revoked_at.is_null())
            .group_by((api_keys::pepper_id, api_keys::second_pepper_id))
            .select((
                api_keys::pepper_id,
                api_keys::second_pepper_id,
                diesel::dsl::count_star(),
            ))
            .load(self.connection()?)?;
        Ok(rows
            .into_iter()
            .map(|(pepper_id, second_pepper_id, keys)| PepperCount {
                pepper_id,
                second_pepper_id,
                keys,
            })
            .collect())
    }
}
