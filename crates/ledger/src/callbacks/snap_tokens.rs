//! Tokens we issued to the provider for SNAP callbacks, as digests only (protocol 8.7).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::database::schema::snap_tokens;
use crate::error::LedgerError;
use crate::tx::Tx;

impl Tx<'_> {
    /// Stores the digest of a token that is good for `lifetime_secs`, and drops a few old ones.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn keep_snap_token(
        &mut self,
        digest: [u8; 32],
        client_key: &str,
        lifetime_secs: i64,
    ) -> Result<(), LedgerError> {
        diesel::sql_query(
            "INSERT INTO snap_tokens (digest, client_key, expires_at) \
             VALUES ($1, $2, now() + make_interval(secs => $3::bigint))",
        )
        .bind::<Binary, _>(digest.as_slice())
        .bind::<Text, _>(client_key)
        .bind::<BigInt, _>(lifetime_secs)
        .execute(self.connection()?)?;
        diesel::sql_query(
            "DELETE FROM snap_tokens WHERE digest IN ( \
                 SELECT digest FROM snap_tokens WHERE expires_at < now() - interval '1 hour' \
                 ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)",
        )
        .execute(self.connection()?)?;
        Ok(())
    }

    /// Returns whether a token of this digest is good now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn snap_token_is_valid(&mut self, digest: [u8; 32]) -> Result<bool, LedgerError> {
        let found: i64 = snap_tokens::table
            .filter(snap_tokens::digest.eq(digest.as_slice()))
            .filter(snap_tokens::expires_at.gt(diesel::dsl::now))
            .count()
            .get_result(self.connection()?)?;
        Ok(found > 0)
    }
}
