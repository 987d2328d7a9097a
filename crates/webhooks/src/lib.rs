//! Webhooks to the shops: the URLs that are permitted, Standard Webhooks signatures, one delivery attempt
//! and its outcome.
//!
//! Knows no database and no order: the caller brings bytes, secrets and the time, and keeps the result.

mod address_class;
mod allowances;
mod guarded_connector;
mod retry_after;
mod schedule;
mod send;
mod signature;
mod url_guard;

pub use address_class::{AddressClass, is_never_allowed};
pub use allowances::AllowanceError;
pub use schedule::{ScheduleError, WebhookSchedule};
pub use send::{Delivery, DeliveryOutcome, FailureReason, WebhookSender};
pub use signature::{SecretError, SignedWebhook, WebhookSecret, signature_header};
pub use url_guard::{CheckedUrl, UrlGuard, UrlRefused};
