//! The ledger: the only SQL in the workspace. Everything goes through `Books::transact`; every change of a payment
//! goes through `Tx::apply`. It knows the core and nothing of the network. Imports run downwards: `ledger`,
//! `group_commit`, then the rooms of the domain (`console`, `orders` and `callbacks` over `payments`, and that
//! over `webhooks`, `journal`, `refunds`, `provider_work`, `privacy` and `accounts`), `tx`, `rows`, `database`.
#![deny(clippy::arithmetic_side_effects)]

mod accounts;
mod audit;
mod callbacks;
mod console;
mod database;
mod error;
mod group_commit;
mod journal;
mod ledger;
mod migrate;
mod monitoring;
mod orders;
mod payments;
mod privacy;
mod provider_work;
mod refunds;
mod rows;
mod tx;
mod webhooks;

pub use accounts::api_keys::{Caller, KeyLine, KeyUse, NewKey, PepperCount};
pub use accounts::merchants::{MerchantLine, SubMerchant, SubMerchantChange};
pub use accounts::operators::{
    ActionLine, NewAction, NewOperator, NewSession, OperatorLine, Role, SignIn, Subject, Visit,
    Visitor,
};
pub use accounts::pepper_usage::PepperStanding;
pub use audit::checks::{AUDIT_CHECKS, AuditCheck, AuditFinding};
pub use audit::reconciliation::{Judgement, PaymentInBooks};
pub use callbacks::inbox::{InboundNotification, Received, RefusedNotification};
pub use callbacks::quarantine::{DISMISSAL_REASON_CHARS_MAX, Dismissal, QuarantineLine};
pub use callbacks::read::StoredCallback;
pub use callbacks::rematch::Rematched;
pub use console::{
    ChannelMoney, ChannelTraffic, CountedEyes, Dossier, EndpointState, EyeLine, FoundOrder,
    KeyState, List, ListPage, PAGE_ROWS, PaymentMoney,
};
pub use database::context::{Context, Plans};
pub use database::pool::LedgerSettings;
pub use database::urgency::Urgency;
pub use error::LedgerError;
pub use group_commit::group::GroupCommits;
pub use group_commit::unclaimed_call::{OnUntaken, Untaken};
pub use journal::entries::Balance;
pub use ledger::Ledger;
pub use ledger::books::Books;
pub use ledger::readiness::NotReady;
pub use migrate::after_restore::AfterRestore;
pub use migrate::grants::grant_to_services;
pub use migrate::migrations::{known_versions, migrate, migrate_patiently, revert_all};
pub use migrate::migrator::Patience;
pub use migrate::partitions::{
    Family, HeldPartition, MONTHS_AHEAD, PartitionLine, Retention, Upkeep,
};
pub use monitoring::gauges::{Money, PendingMoney, Queues, RunningTransactions};
pub use monitoring::queue_depth::QueueDepth;
pub use monitoring::webhook_backlog::Backlog;
pub use orders::begin_outcome::{Begun, NewOrder};
pub use orders::cancel_and_expire::{CancelPlan, Expiries};
pub use orders::checkout::CheckoutOrder;
pub use orders::daily_report::{PeriodReport, Sum, Way, WayFigures};
pub use orders::history::HistoryLine;
pub use orders::idempotency::PAYMENTS_MAX;
pub use orders::idempotent_post::Once;
pub use orders::list::{OrderFilter, OrderPage, PageEnd};
pub use orders::read::OrderPulse;
pub use orders::timeline::{TimelineItem, TimelineKind};
pub use payments::create_call::{Call, NewPayment};
pub use payments::create_result::{CallEnd, CallOutcome, CallSettled, KeepReply};
pub use payments::observation::{Applied, Effect, Observation, What};
pub use payments::read::PaymentFacts;
pub use payments::replacements::REPLACEMENTS_MAX;
pub use payments::reviews::Resolved;
pub use privacy::erase::{Erased, Erasing, SoughtPayer};
pub use privacy::reseal::{Resealed, SealedColumn, SealedPage, SealedValue};
pub use provider_work::calls::NotedCall;
pub use provider_work::queue::{LeasedWork, WorkNext, WorkRoom};
pub use refunds::requests::{NewRefund, Payee, RefundCompletion, RefundLine, RefundRefused};
pub use rows::creations::{Claim, StoredReply};
pub use rows::history::Source;
pub use rows::work::WorkKind;
pub use tx::Tx;
pub use webhooks::delivery_queue::{DeliveryNext, DeliveryRoom, LeasedDelivery, TryResult};
pub use webhooks::endpoints::{ENDPOINTS_MAX, EndpointChange, EndpointLine, NewEndpoint};
pub use webhooks::event_feed::{DeliveryLine, FeedPage, FeedPlace, TryLine};
pub use webhooks::pruning::{CREATION_DAYS_MIN, GivenUp, PRUNED_AT_ONCE};
pub use webhooks::redelivery::{
    LeasedRedelivery, REDELIVERY_ATTEMPTS_MAX, REDELIVERY_DAYS_MAX, REDELIVERY_EVENTS_MAX,
    RangeBegun, RedeliveryRange,
};
pub use webhooks::scan_cursors::Fronts;
