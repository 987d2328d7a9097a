//! Orders: made once and only once, read, listed, cancelled, expired and reported. The API and the console call
//! it, and the shared commit for creates; it calls `payments` for each payment, and `webhooks` for the events of
//! an end. Invariant: one key or reference makes one order.

pub(crate) mod begin_outcome;
pub(crate) mod cancel_and_expire;
pub(crate) mod checkout;
pub(crate) mod create;
pub(crate) mod daily_report;
pub(crate) mod history;
pub(crate) mod idempotency;
pub(crate) mod idempotent_post;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod replay;
pub(crate) mod timeline;
