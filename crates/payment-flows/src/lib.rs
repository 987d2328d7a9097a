//! The work of both services and the operator's tool with the provider on a payment: open it, ask
//! about it, cancel it, resolve an unknown outcome. Steps in order; the ledger decides and records.
//! No HTTP, no JSON, no SQL here.

mod ask;
mod cancel;
mod flows;
mod lease;
mod limits;
mod metrics;
mod open;
mod request;
mod wiring;
mod work;

pub use ask::{Asked, SyncOutcome};
pub use cancel::CancelOutcome;
pub use flows::{FlowSettings, Flows, SendNotificationUrl};
pub use limits::InquiryLimits;
pub use metrics::FlowMetrics;
pub use open::Opened;
pub use wiring::{FlowChoices, FlowParts, WiringError, keyring_of, ledger_of};
pub use work::Worked;
