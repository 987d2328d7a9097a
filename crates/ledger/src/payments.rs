//! Payments: an observation comes in (`observation`), is applied under the order's lock (`apply`), the core
//! decides, and the transition is written (`transition`) with its work, journal, history and event. The flows,
//! `orders` and `callbacks` call it; it calls `journal` for the money, `provider_work` for what is due
//! (`schedule`), `refunds` and `webhooks`. A create goes through `create_call`, its outcome through
//! `create_result`, the reply to the shop through `replies`. Invariant: `apply` is the only writer of a payment's
//! state.

pub(crate) mod apply;
pub(crate) mod close_others;
pub(crate) mod create_call;
pub(crate) mod create_result;
pub(crate) mod observation;
pub(crate) mod prefetch;
pub(crate) mod read;
pub(crate) mod refund_evidence;
pub(crate) mod replacements;
pub(crate) mod replies;
pub(crate) mod reviews;
pub(crate) mod schedule;
pub(crate) mod transition;
