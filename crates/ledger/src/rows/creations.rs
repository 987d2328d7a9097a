//! Rows of creations: the claim of a key, of an order, or of both, and the reply that is kept with it.

use diesel::sql_types::{Binary, Bool, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::rows::history::Source;

/// The identity of a request.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Method and path.
    pub endpoint: String,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// SHA-256 of the body as a JSON value.
    pub fingerprint: [u8; 32],
    /// The origin of the request.
    pub source: Source,
}

/// The first final reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReply {
    /// HTTP status.
    pub status: u16,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// A claim to be written: of a key, of an order, or of both.
pub(crate) struct NewCreation {
    pub(crate) id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) makes_order: bool,
    pub(crate) claim: Claim,
}

/// Inserts claims. One whose key is taken by now fails the transaction: its maker begins again.
pub(crate) fn insert_creations(rows: &[NewCreation]) -> Statement {
    Statement::new(
        "INSERT INTO creations (id, merchant_id, order_id, payment_id, endpoint, makes_order, \
             idempotency_key, fingerprint) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(rows.iter().map(|row| row.id))
    .column::<SqlUuid, _>(rows.iter().map(|row| row.merchant_id))
    .column::<SqlUuid, _>(rows.iter().map(|row| row.order_id))
    .column::<Nullable<SqlUuid>, _>(rows.iter().map(|row| row.payment_id))
    .column::<Text, _>(rows.iter().map(|row| row.claim.endpoint.clone()))
    .column::<Bool, _>(rows.iter().map(|row| row.makes_order))
    .column::<Nullable<Text>, _>(rows.iter().map(|row| row.claim.key.clone()))
    .column::<Binary, _>(rows.iter().map(|row| row.claim.fingerprint.to_vec()))
}
