//! Everything that happened to an order, from all the tables that know a part of it, in one order.
//! What is shown holds no secrets, no personal data and no long digit runs.

use ayolinx_core::ids::{EndpointId, EventId, MerchantId, OrderId, PaymentId};
use ayolinx_core::messages::ReceivedAmount;
use ayolinx_core::messages::notification::{Notification, Report};
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{delivery_tries, events, notifications, payments};
use crate::error::LedgerError;
use crate::orders::history::HistoryLine;
use crate::privacy::masking::masked;
use crate::provider_work::calls::PROVIDER_CALL;
use crate::rows::history::Source;
use crate::rows::notifications::ERASED_BODY;
use crate::rows::seals::body_context;
use crate::tx::Tx;

/// A kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimelineKind {
    /// Somebody asked us for something.
    Request,
    /// A callback of the provider came in.
    Callback,
    /// We asked the provider for something.
    ProviderRequest,
    /// The provider answered, or did not in time.
    ProviderReply,
    /// The payment or order moved, or a callback was weighed.
    StateChange,
    /// An event was written for the merchant.
    Event,
    /// An attempt to deliver an event ended.
    Webhook,
}

impl TimelineKind {
    /// Every kind, in the order in which those of one moment are shown.
    pub const ALL: [Self; 7] = [
        Self::Request,
        Self::Callback,
        Self::ProviderRequest,
        Self::ProviderReply,
        Self::StateChange,
        Self::Event,
        Self::Webhook,
    ];

    /// Returns its spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Callback => "callback",
            Self::ProviderRequest => "provider_request",
            Self::ProviderReply => "provider_reply",
            Self::StateChange => "state_change",
            Self::Event => "event",
            Self::Webhook => "webhook",
        }
    }
}

/// An entry of the timeline.
#[derive(Debug, Clone)]
pub struct TimelineItem {
    /// Its time.
    pub at: DateTime<Utc>,
    /// Its kind.
    pub kind: TimelineKind,
    /// Its source.
    pub source: String,
    /// The fact, in a word.
    pub fact: String,
    /// The payment, when the entry is about one.
    pub payment_id: Option<PaymentId>,
    /// The payment's state before and after.
    pub payment_status: (Option<String>, Option<String>),
    /// The order's state before and after.
    pub order_status: (Option<String>, Option<String>),
    /// The order's version after it.
    pub version: Option<i32>,
    /// The event, when the entry is about one.
    pub event_id: Option<EventId>,
    /// The endpoint, when the entry is about an attempt.
    pub endpoint_id: Option<EndpointId>,
    /// The endpoint's HTTP status.
    pub http_status: Option<i16>,
    /// Duration of the attempt.
    pub duration_ms: Option<i32>,
    /// Further detail.
    pub detail: Option<String>,
}

impl TimelineItem {
    fn new(at: DateTime<Utc>, kind: TimelineKind, source: &str, fact: &str) -> Self {
        Self {
            at,
            kind,
            source: source.to_owned(),
            fact: fact.to_owned(),
            payment_id: None,
            payment_status: (None, None),
            order_status: (None, None),
            version: None,
            event_id: None,
            endpoint_id: None,
            http_status: None,
            duration_ms: None,
            detail: None,
        }
    }
}

type Callback = (
    Uuid,
    String,
    Vec<u8>,
    String,
    Option<Uuid>,
    i32,
    DateTime<Utc>,
);
type Told = (Uuid, String, Option<i32>, DateTime<Utc>);
type Tried = (Uuid, Uuid, String, Option<i16>, i32, DateTime<Utc>, String);

impl Tx<'_> {
    /// Returns the timeline of a merchant's order, oldest first.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn timeline(
        &mut self,
        merchant: MerchantId,
        order: OrderId,
    ) -> Result<Vec<TimelineItem>, LedgerError> {
        self.order_pulse(merchant, order)?;
        let mut items: Vec<TimelineItem> = Vec::new();
        for line in self.history_of(order)? {
            items.extend(sent_with(&line));
            items.push(of_history(line));
        }
        self.add_callbacks(order, &mut items)?;
        self.add_events(order, &mut items)?;
        self.add_tries(order, &mut items)?;
        // What one transaction recorded is of one moment; of equals the order stays.
        items.sort_by_key(|item| (item.at, item.kind));
        Ok(items)
    }

    fn add_callbacks(
        &mut self,
        order: OrderId,
        items: &mut Vec<TimelineItem>,
    ) -> Result<(), LedgerError> {
        let own = payments::table
            .filter(payments::order_id.eq(order.as_uuid()))
            .select(payments::id.nullable());
        let rows: Vec<Callback> = notifications::table
            .filter(notifications::payment_id.eq_any(own))
            .select((
                notifications::id,
                notifications::path,
                notifications::body_sealed,
                notifications::verdict,
                notifications::payment_id,
                notifications::seen,
                notifications::received_at,
            ))
            .order(notifications::received_at)
            .load(self.connection()?)?;
        for (id, path, sealed, verdict, payment, seen, at) in rows {
            let body = self.context.open(&sealed, &body_context(id))?;
            let mut item = TimelineItem::new(at, TimelineKind::Callback, "provider", &verdict);
            item.payment_id = payment.map(PaymentId::from_uuid);
            let said = match Notification::parse(&body) {
                _ if body == ERASED_BODY => "erased".to_owned(),
                Ok(notification) => summary(&notification),
                Err(_unreadable) => "not readable".to_owned(),
            };
            item.detail = Some(masked(&format!("{path}: {said}; came {seen}x")));
            items.push(item);
        }
        Ok(())
    }

    fn add_events(
        &mut self,
        order: OrderId,
        items: &mut Vec<TimelineItem>,
    ) -> Result<(), LedgerError> {
        let rows: Vec<Told> = events::table
            .filter(events::order_id.eq(order.as_uuid()))
            .select((
                events::id,
                events::event_type,
                events::order_version,
                events::created_at,
            ))
            .order(events::id)
            .load(self.connection()?)?;
        items.extend(rows.into_iter().map(|(id, event_type, version, at)| {
            let mut item = TimelineItem::new(at, TimelineKind::Event, "gateway", &event_type);
            item.event_id = Some(EventId::from_uuid(id));
            item.version = version;
            item
        }));
        Ok(())
    }

    fn add_tries(
        &mut self,
        order: OrderId,
        items: &mut Vec<TimelineItem>,
    ) -> Result<(), LedgerError> {
        let rows: Vec<Tried> = delivery_tries::table
            .inner_join(events::table.on(events::id.eq(delivery_tries::event_id)))
            .filter(events::order_id.eq(order.as_uuid()))
            .select((
                delivery_tries::event_id,
                delivery_tries::endpoint_id,
                delivery_tries::outcome,
                delivery_tries::status,
                delivery_tries::duration_ms,
                delivery_tries::at,
                events::event_type,
            ))
            .order(delivery_tries::id)
            .load(self.connection()?)?;
        items.extend(rows.into_iter().map(
            |(event, endpoint, outcome, status, duration_ms, at, event_type)| {
                let mut item = TimelineItem::new(at, TimelineKind::Webhook, "endpoint", &outcome);
                item.event_id = Some(EventId::from_uuid(event));
                item.endpoint_id = Some(EndpointId::from_uuid(endpoint));
                item.http_status = status;
                item.duration_ms = Some(duration_ms);
                item.detail = Some(event_type);
                item
            },
        ));
        Ok(())
    }
}

fn of_history(line: HistoryLine) -> TimelineItem {
    let from = line.source.as_str();
    let asked = [Source::Merchant, Source::Payer, Source::Operator];
    let answered = [Source::Reply, Source::Inquiry];
    let kind = if asked.iter().any(|source| source.as_str() == from) {
        TimelineKind::Request
    } else if answered.iter().any(|source| source.as_str() == from) {
        TimelineKind::ProviderReply
    } else if from == PROVIDER_CALL {
        TimelineKind::ProviderRequest
    } else {
        TimelineKind::StateChange
    };
    TimelineItem {
        payment_id: line.payment_id.map(PaymentId::from_uuid),
        payment_status: (line.payment_from, line.payment_to),
        order_status: (line.order_from, line.order_to),
        version: line.order_version,
        detail: line.detail.as_deref().map(masked),
        ..TimelineItem::new(line.at, kind, &line.source, &line.fact)
    }
}

/// Returns the entry of a create's sending, read from the line of the payment's intent: the intent
/// is committed right before.
fn sent_with(line: &HistoryLine) -> Option<TimelineItem> {
    let creating = line.payment_to.as_deref() == Some(PaymentState::Creating.as_str());
    (creating && line.payment_from.is_none()).then(|| TimelineItem {
        payment_id: line.payment_id.map(PaymentId::from_uuid),
        ..TimelineItem::new(
            line.at,
            TimelineKind::ProviderRequest,
            PROVIDER_CALL,
            "create",
        )
    })
}

fn summary(notification: &Notification) -> String {
    let said = match &notification.report {
        Report::Status(status) => format!("status {status}"),
        Report::SnapVa { flag: None, .. } => "virtual account paid".to_owned(),
        Report::SnapVa {
            flag: Some(flag), ..
        } => format!("virtual account, flag {flag}"),
    };
    let amount = match notification.amount {
        ReceivedAmount::Absent => "no amount".to_owned(),
        ReceivedAmount::Unreadable => "an amount that is not ours".to_owned(),
        ReceivedAmount::Read(amount) => {
            let decimal = amount.to_decimal_string();
            format!("{decimal} {}", amount.currency().as_str())
        }
    };
    format!("{said}, {amount}")
}
