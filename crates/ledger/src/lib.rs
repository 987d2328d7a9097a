//! The books: the only SQL in the workspace. Everything goes through `Ledger::transact`; every
//! change of a payment goes through `Tx::apply`. Knows the core and nothing of the network.
#![deny(clippy::arithmetic_side_effects)]

mod apply;
mod audit;
mod begun;
mod calls;
mod change;
mod checkout;
mod closings;
mod context;
mod creations;
mod endpoints;
mod error;
mod events;
mod history;
mod journal;
mod merchants;
mod migrations;
mod notifications;
mod observation;
mod orders;
mod payers;
mod payments;
mod plans;
mod pool;
mod receipts;
mod replacements;
mod replays;
mod rows;
mod schema;
mod snap_tokens;
mod tx;
mod work;

pub use audit::{AUDIT_CHECKS, AuditCheck, AuditFinding};
pub use begun::{Begun, Claim, NewOrder, StoredReply};
pub use calls::{Call, CallOutcome, NewPayment};
pub use checkout::CheckoutOrder;
pub use closings::CancelPlan;
pub use context::{Context, Plans};
pub use creations::PAYMENTS_MAX;
pub use endpoints::NewEndpoint;
pub use error::LedgerError;
pub use events::{DeliveryNext, LeasedDelivery, TryResult};
pub use history::{HistoryLine, Source};
pub use journal::Balance;
pub use merchants::{Caller, KeyLine, MerchantLine, NewKey};
pub use migrations::{known_versions, migrate, revert_all};
pub use notifications::{InboundNotification, QuarantineLine, Received, RefusedNotification};
pub use observation::{Applied, Effect, Observation, What};
pub use orders::{OrderFilter, OrderPage, OrderPulse, PageEnd};
pub use payments::PaymentFacts;
pub use pool::{Ledger, LedgerSettings, Urgency};
pub use replacements::REPLACEMENTS_MAX;
pub use tx::Tx;
pub use work::{LeasedWork, WorkKind, WorkNext};
