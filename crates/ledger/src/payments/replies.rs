//! The first final reply to a create: sealed, kept once, and the same bytes for every concurrent
//! duplicate.

use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::creations;
use crate::error::LedgerError;
use crate::rows::creations::StoredReply;
use crate::rows::seals::reply_context;
use crate::tx::Tx;

impl Tx<'_> {
    /// Keeps the first final reply of a creation; a reply that is kept already stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn keep_reply(&mut self, creation: Uuid, reply: &StoredReply) -> Result<(), LedgerError> {
        let (status, sealed) = self.sealed_reply(creation, reply)?;
        diesel::update(creations::table.find(creation))
            .filter(creations::reply_status.is_null())
            .set((
                creations::reply_status.eq(status),
                creations::reply_sealed.eq(sealed),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }

    pub(crate) fn sealed_reply(
        &self,
        creation: Uuid,
        reply: &StoredReply,
    ) -> Result<(i16, Vec<u8>), LedgerError> {
        let status = i16::try_from(reply.status).map_err(LedgerError::corrupt)?;
        let context = reply_context(creation);
        Ok((status, self.context.seal(&reply.body, &context)?))
    }

    /// Keeps a reply like [`Tx::keep_reply`], and returns the reply that counts: the one kept
    /// before, where there is one. The answer must be these bytes, since concurrent duplicates may
    /// have made their replies at the same time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn keep_first_reply(
        &mut self,
        creation: Uuid,
        reply: StoredReply,
    ) -> Result<StoredReply, LedgerError> {
        self.keep_reply(creation, &reply)?;
        let kept: Option<(Option<i16>, Option<Vec<u8>>)> = creations::table
            .find(creation)
            .select((creations::reply_status, creations::reply_sealed))
            .first(self.connection()?)
            .optional()?;
        // The row is gone where its time was over just now.
        let Some((Some(status), Some(sealed))) = kept else {
            return Ok(reply);
        };
        let body = self.context.open(&sealed, &reply_context(creation))?;
        let status = u16::try_from(status).map_err(LedgerError::corrupt)?;
        Ok(StoredReply { status, body })
    }
}
