//! What each sealed value is bound to, so that it opens in its own row and column alone. Sealing anew (`privacy::reseal`)
//! knows them all.

use uuid::Uuid;

/// With the notification's id, what its body is bound to.
pub(crate) const BODY_CONTEXT: &str = "notification:";

pub(crate) fn body_context(id: Uuid) -> String {
    format!("{BODY_CONTEXT}{id}")
}

/// What callbacks say may name a payer, so that their bodies are sealed.
pub(crate) const REFUSED_CONTEXT: &str = "refused notification";

/// With the order's id, what its payer is bound to.
pub(crate) const PAYER_CONTEXT: &str = "payer:";

pub(crate) fn payer_context(order_id: Uuid) -> String {
    format!("{PAYER_CONTEXT}{order_id}")
}

/// With the creation's id, what its reply is bound to.
pub(crate) const REPLY_CONTEXT: &str = "reply:";

pub(crate) fn reply_context(creation: Uuid) -> String {
    format!("{REPLY_CONTEXT}{creation}")
}

/// What a sealed payee is bound to, before its refund's id.
pub(crate) const PAYEE_CONTEXT: &str = "refund-payee:";

pub(crate) fn payee_context(refund: Uuid) -> String {
    format!("{PAYEE_CONTEXT}{refund}")
}

/// With the endpoint's id, what its secrets are bound to.
pub(crate) const SECRET_CONTEXT: &str = "webhook secret:";

pub(crate) fn secret_context(endpoint_id: Uuid) -> String {
    format!("{SECRET_CONTEXT}{endpoint_id}")
}
