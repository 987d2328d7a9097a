//! The context that each sealed value is bound to, so that it opens in its own row and column alone. Sealing anew
//! (`privacy::reseal`) knows them all.

use uuid::Uuid;

/// The context of a notification's body, before its id.
pub(crate) const BODY_CONTEXT: &str = "notification:";

pub(crate) fn body_context(id: Uuid) -> String {
    format!("{BODY_CONTEXT}{id}")
}

/// The context of a refused callback's body; what callbacks say may name a payer, so that their bodies are sealed.
pub(crate) const REFUSED_CONTEXT: &str = "refused notification";

/// The context of an order's payer, before the order's id.
pub(crate) const PAYER_CONTEXT: &str = "payer:";

pub(crate) fn payer_context(order_id: Uuid) -> String {
    format!("{PAYER_CONTEXT}{order_id}")
}

/// The context of a creation's reply, before its id.
pub(crate) const REPLY_CONTEXT: &str = "reply:";

pub(crate) fn reply_context(creation: Uuid) -> String {
    format!("{REPLY_CONTEXT}{creation}")
}

/// The context of a sealed payee, before its refund's id.
pub(crate) const PAYEE_CONTEXT: &str = "refund-payee:";

pub(crate) fn payee_context(refund: Uuid) -> String {
    format!("{PAYEE_CONTEXT}{refund}")
}

/// The context of an endpoint's secrets, before its id.
pub(crate) const SECRET_CONTEXT: &str = "webhook secret:";

pub(crate) fn secret_context(endpoint_id: Uuid) -> String {
    format!("{SECRET_CONTEXT}{endpoint_id}")
}
