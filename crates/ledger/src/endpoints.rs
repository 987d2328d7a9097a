//! Webhook endpoints of merchants; their secrets are sealed and shown once.

use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::secret::Secret;
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::LedgerError;
use crate::schema::webhook_endpoints;
use crate::tx::Tx;

pub(crate) fn secret_context(endpoint_id: Uuid) -> String {
    format!("webhook secret:{endpoint_id}")
}

/// An endpoint to be made. Its URL has passed the guard.
#[derive(Debug)]
pub struct NewEndpoint {
    /// Identity.
    pub id: EndpointId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// Where to.
    pub url: String,
    /// Which types; `None` for all.
    pub event_types: Option<Vec<String>>,
    /// `whsec_…`.
    pub secret: Secret,
}

impl Tx<'_> {
    /// Adds an endpoint; events from now on go to it.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn add_endpoint(&mut self, new: &NewEndpoint) -> Result<(), LedgerError> {
        let sealed = self.context.seal(
            new.secret.expose().as_bytes(),
            &secret_context(new.id.as_uuid()),
        )?;
        diesel::insert_into(webhook_endpoints::table)
            .values((
                webhook_endpoints::id.eq(new.id.as_uuid()),
                webhook_endpoints::merchant_id.eq(new.merchant_id.as_uuid()),
                webhook_endpoints::url.eq(&new.url),
                webhook_endpoints::event_types.eq(&new.event_types),
                webhook_endpoints::secret_sealed.eq(sealed),
            ))
            .execute(self.connection)?;
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
            .execute(self.connection)?;
        Ok(())
    }
}
