//! The books: the only SQL in the workspace. Everything goes through `Books::transact`; every
//! change of a payment goes through `Tx::apply`. Knows the core and nothing of the network.
#![deny(clippy::arithmetic_side_effects)]

mod api_keys;
mod apply;
mod arrivals;
mod audit;
mod backlog;
mod beginnings;
mod begun;
mod books;
mod call_ends;
mod calls;
mod change;
mod checkout;
mod closings;
mod console;
mod context;
mod creations;
mod deliveries;
mod endpoints;
mod erase;
mod error;
mod event_feed;
mod events;
mod fronts;
mod funds;
mod gate;
mod gauges;
mod grants;
mod group;
mod history;
mod journal;
mod manager;
mod masking;
mod merchants;
mod metrics;
mod migrating;
mod migrations;
mod notifications;
mod observation;
mod once;
mod opening;
mod operators;
mod orders;
mod partitions;
mod payers;
mod payments;
mod pepper_standing;
mod plans;
mod pool;
mod prefetched;
mod provider_calls;
mod pruning;
mod quarantine;
mod receipts;
mod reconciling;
mod redelivery;
mod refund_ends;
mod refunds;
mod rematch;
mod replacements;
mod replays;
mod reports;
mod restored;
mod reviews;
mod rows;
mod schema;
mod sealed;
mod server_address;
mod settlements;
mod snap_tokens;
mod spans;
mod statement;
mod stored_callbacks;
mod timeline;
mod tx;
mod untaken;
mod urgency;
mod waiting_endpoints;
mod withdrawals;
mod work;
mod writes;

pub use api_keys::{Caller, KeyLine, KeyUse, NewKey, PepperCount};
pub use audit::{AUDIT_CHECKS, AuditCheck, AuditFinding};
pub use backlog::Backlog;
pub use begun::{Begun, Claim, NewOrder, StoredReply};
pub use books::Books;
pub use call_ends::{CallEnd, CallOutcome, CallSettled, KeepReply};
pub use calls::{Call, NewPayment};
pub use checkout::CheckoutOrder;
pub use closings::{CancelPlan, Expiries};
pub use console::{
    ChannelMoney, ChannelTraffic, CountedEyes, Dossier, EndpointState, EyeLine, FoundOrder,
    KeyState, List, ListPage, PAGE_ROWS, PaymentMoney,
};
pub use context::{Context, Plans};
pub use creations::PAYMENTS_MAX;
pub use deliveries::{DeliveryNext, DeliveryRoom, LeasedDelivery, TryResult};
pub use endpoints::{ENDPOINTS_MAX, EndpointChange, EndpointLine, NewEndpoint};
pub use erase::{Erased, Erasing, SoughtPayer};
pub use error::LedgerError;
pub use event_feed::{DeliveryLine, FeedPage, FeedPlace, TryLine};
pub use fronts::Fronts;
pub use gauges::{Money, PendingMoney, QueueDepth, Queues};
pub use grants::grant_to_services;
pub use group::GroupCommits;
pub use history::{HistoryLine, Source};
pub use journal::Balance;
pub use merchants::{MerchantLine, SubMerchant, SubMerchantChange};
pub use migrating::Patience;
pub use migrations::{known_versions, migrate, migrate_patiently, revert_all};
pub use notifications::{InboundNotification, Received, RefusedNotification};
pub use observation::{Applied, Effect, Observation, What};
pub use once::Once;
pub use operators::{
    ActionLine, NewAction, NewOperator, NewSession, OperatorLine, Role, SignIn, Subject, Visit,
    Visitor,
};
pub use orders::{OrderFilter, OrderPage, OrderPulse, PageEnd};
pub use partitions::{Family, HeldPartition, MONTHS_AHEAD, PartitionLine, Retention, Upkeep};
pub use payments::PaymentFacts;
pub use pepper_standing::PepperStanding;
pub use pool::{Ledger, LedgerSettings};
pub use provider_calls::NotedCall;
pub use pruning::{CREATION_DAYS_MIN, GivenUp, PRUNED_AT_ONCE};
pub use quarantine::{DISMISSAL_REASON_CHARS_MAX, Dismissal, QuarantineLine};
pub use reconciling::{Judgement, PaymentInBooks};
pub use redelivery::{
    LeasedRedelivery, REDELIVERY_ATTEMPTS_MAX, REDELIVERY_DAYS_MAX, REDELIVERY_EVENTS_MAX,
    RangeBegun, RedeliveryRange,
};
pub use refunds::{NewRefund, Payee, RefundCompletion, RefundLine, RefundRefused};
pub use rematch::Rematched;
pub use replacements::REPLACEMENTS_MAX;
pub use reports::{PeriodReport, Sum, Way, WayFigures};
pub use restored::AfterRestore;
pub use reviews::Resolved;
pub use sealed::{Resealed, SealedColumn, SealedPage, SealedValue};
pub use stored_callbacks::StoredCallback;
pub use timeline::{TimelineItem, TimelineKind};
pub use tx::Tx;
pub use untaken::{OnUntaken, Untaken};
pub use urgency::Urgency;
pub use work::{LeasedWork, WorkKind, WorkNext, WorkRoom};
