//! Webhook endpoints of merchants; their secrets are sealed and shown once.

use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::webhook_endpoints;
use crate::error::LedgerError;
use crate::rows::seals::secret_context;
use crate::tx::{Tx, shifted};

/// The most endpoints of a merchant: each event is sent to all of them.
pub const ENDPOINTS_MAX: i64 = 100;
/// Hours after a rotation for which the secret before signs as well (contract 4.3).
const BOTH_SIGN_FOR_HOURS: i64 = 24;

/// An endpoint to be made. Its URL has passed the guard.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Identity.
    pub id: EndpointId,
    /// The merchant that it belongs to.
    pub merchant_id: MerchantId,
    /// The address that webhooks are sent to.
    pub url: String,
    /// The types of events it wants; `None` for all.
    pub event_types: Option<Vec<String>>,
    /// `whsec_…`.
    pub secret: Secret,
}

/// An endpoint without its secrets.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_endpoints)]
pub struct EndpointLine {
    id: Uuid,
    /// The address that webhooks are sent to.
    pub url: String,
    /// The types of events it wants; `None` for all.
    pub event_types: Option<Vec<String>>,
    /// `true` when anything is sent.
    pub enabled: bool,
    /// The reason why it was disabled, when it was not its merchant who did it.
    pub disabled_reason: Option<String>,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl EndpointLine {
    /// Returns its identity.
    #[must_use]
    pub const fn id(&self) -> EndpointId {
        EndpointId::from_uuid(self.id)
    }
}

/// A change of an endpoint; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    /// The new address. It has passed the guard.
    pub url: Option<String>,
    /// The new types; the inner `None` for all.
    pub event_types: Option<Option<Vec<String>>>,
    /// `true` to enable it, `false` to disable it.
    pub enabled: Option<bool>,
}

impl Tx<'_> {
    /// Adds an endpoint; events from now on go to it.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn add_endpoint(&mut self, new: &NewEndpoint) -> Result<(), LedgerError> {
        let sealed = self.seal_secret(new.id, &new.secret)?;
        diesel::insert_into(webhook_endpoints::table)
            .values((
                webhook_endpoints::id.eq(new.id.as_uuid()),
                webhook_endpoints::merchant_id.eq(new.merchant_id.as_uuid()),
                webhook_endpoints::url.eq(&new.url),
                webhook_endpoints::event_types.eq(&new.event_types),
                webhook_endpoints::secret_sealed.eq(sealed),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Counts the endpoints of a merchant.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn count_endpoints(&mut self, merchant: MerchantId) -> Result<i64, LedgerError> {
        Ok(webhook_endpoints::table
            .filter(webhook_endpoints::merchant_id.eq(merchant.as_uuid()))
            .filter(webhook_endpoints::deleted_at.is_null())
            .count()
            .get_result(self.connection()?)?)
    }

    /// Returns a merchant's endpoints, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_endpoints(
        &mut self,
        merchant: MerchantId,
    ) -> Result<Vec<EndpointLine>, LedgerError> {
        Ok(webhook_endpoints::table
            .filter(webhook_endpoints::merchant_id.eq(merchant.as_uuid()))
            .filter(webhook_endpoints::deleted_at.is_null())
            .select(EndpointLine::as_select())
            .order((webhook_endpoints::created_at, webhook_endpoints::id))
            .load(self.connection()?)?)
    }

    /// Returns one endpoint of a merchant.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is deleted or another merchant's.
    pub fn endpoint(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
    ) -> Result<EndpointLine, LedgerError> {
        Ok(webhook_endpoints::table
            .filter(webhook_endpoints::id.eq(id.as_uuid()))
            .filter(webhook_endpoints::merchant_id.eq(merchant.as_uuid()))
            .filter(webhook_endpoints::deleted_at.is_null())
            .select(EndpointLine::as_select())
            .first(self.connection()?)?)
    }

    /// Changes an endpoint. Deliveries that wait for it go to its new address from now on; enabling
    /// it, or pointing it elsewhere, is a fresh start.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is deleted or another merchant's.
    pub fn change_endpoint(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
        change: &EndpointChange,
    ) -> Result<EndpointLine, LedgerError> {
        let now = self.now()?;
        let mut line: EndpointLine = webhook_endpoints::table
            .filter(webhook_endpoints::id.eq(id.as_uuid()))
            .filter(webhook_endpoints::merchant_id.eq(merchant.as_uuid()))
            .filter(webhook_endpoints::deleted_at.is_null())
            .select(EndpointLine::as_select())
            .for_no_key_update()
            .first(self.connection()?)?;
        let fresh = change.url.is_some() || change.enabled == Some(true);
        if let Some(url) = &change.url {
            line.url.clone_from(url);
        }
        if let Some(types) = &change.event_types {
            line.event_types.clone_from(types);
        }
        if let Some(enabled) = change.enabled {
            line.enabled = enabled;
        }
        if line.enabled {
            line.disabled_reason = None;
        }
        line.updated_at = now;
        let row = webhook_endpoints::table.find(id.as_uuid());
        diesel::update(row)
            .set((
                webhook_endpoints::url.eq(&line.url),
                webhook_endpoints::event_types.eq(&line.event_types),
                webhook_endpoints::enabled.eq(line.enabled),
                webhook_endpoints::disabled_reason.eq(&line.disabled_reason),
                webhook_endpoints::updated_at.eq(now),
            ))
            .execute(self.connection()?)?;
        if fresh {
            diesel::update(row)
                .set(webhook_endpoints::failures_in_row.eq(0))
                .execute(self.connection()?)?;
        }
        Ok(line)
    }

    /// Gives an endpoint a new secret; the one before signs as well for a day.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is deleted or another merchant's.
    pub fn rotate_secret(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
        secret: &Secret,
    ) -> Result<EndpointLine, LedgerError> {
        let now = self.now()?;
        let mut line = self.endpoint(merchant, id)?;
        let sealed = self.seal_secret(id, secret)?;
        let until = shifted(now, TimeDelta::hours(BOTH_SIGN_FOR_HOURS));
        diesel::update(webhook_endpoints::table.find(id.as_uuid()))
            .set((
                webhook_endpoints::previous_secret_sealed
                    .eq(webhook_endpoints::secret_sealed.nullable()),
                webhook_endpoints::previous_secret_until.eq(until),
                webhook_endpoints::secret_sealed.eq(sealed),
                webhook_endpoints::updated_at.eq(now),
            ))
            .execute(self.connection()?)?;
        line.updated_at = now;
        Ok(line)
    }

    /// Deletes an endpoint: nothing is sent to it any more, also nothing that waits. Its deliveries
    /// and attempts stay to be read.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is deleted or another merchant's.
    pub fn delete_endpoint(
        &mut self,
        merchant: MerchantId,
        id: EndpointId,
    ) -> Result<(), LedgerError> {
        let now = self.now()?;
        let changed = diesel::update(webhook_endpoints::table.find(id.as_uuid()))
            .filter(webhook_endpoints::merchant_id.eq(merchant.as_uuid()))
            .filter(webhook_endpoints::deleted_at.is_null())
            .set((
                webhook_endpoints::deleted_at.eq(now),
                webhook_endpoints::enabled.eq(false),
                webhook_endpoints::updated_at.eq(now),
            ))
            .execute(self.connection()?)?;
        if changed == 0 {
            return Err(LedgerError::NotFound);
        }
        Ok(())
    }

    pub(crate) fn disable_endpoint(
        &mut self,
        id: EndpointId,
        reason: &str,
    ) -> Result<(), LedgerError> {
        diesel::update(webhook_endpoints::table.find(id.as_uuid()))
            .set((
                webhook_endpoints::enabled.eq(false),
                webhook_endpoints::disabled_reason.eq(reason),
                webhook_endpoints::updated_at.eq(diesel::dsl::now),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }

    fn seal_secret(&self, id: EndpointId, secret: &Secret) -> Result<Vec<u8>, LedgerError> {
        let context = secret_context(id.as_uuid());
        self.context.seal(secret.expose().as_bytes(), &context)
    }
}
