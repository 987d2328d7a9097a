//! The events of which merchants are notified: their types and the webhook body (contract 6).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::orders::order_view::{OrderView, jakarta_millis};
use crate::values::ids::EventId;

/// The text names no event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event type")]
pub struct EventTypeError;

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// The type of an event (contract 6).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType {
            $($(#[$doc])* $variant,)+
        }

        impl EventType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl FromStr for EventType {
            type Err = EventTypeError;

            fn from_str(text: &str) -> Result<Self, EventTypeError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(EventTypeError),
                }
            }
        }
    };
}

event_types! {
    /// A payment became pending: the payer can pay.
    OrderPayable = "order.payable",
    /// Paid.
    OrderPaid = "order.paid",
    /// Paid after the order had expired, failed or been cancelled.
    OrderPaidLate = "order.paid_late",
    /// A further receipt for a paid order.
    OrderOverpaid = "order.overpaid",
    /// The time ran out.
    OrderExpired = "order.expired",
    /// Cancelled by the merchant.
    OrderCancelled = "order.cancelled",
    /// Its payments ended without money.
    OrderFailed = "order.failed",
    /// A person must look at it.
    OrderReviewRequired = "order.review_required",
    /// Money was given back, all or a part.
    OrderRefunded = "order.refunded",
    /// A test asked for by the merchant.
    WebhookTest = "webhook.test",
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `{"order": …}`; absent for a test event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventData {
    /// The order as it was at that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderView>,
}

/// The body of a webhook, the same bytes at every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody {
    /// `evt_…`, also the `webhook-id`.
    pub id: EventId,
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Time of the event, `+07:00`.
    pub timestamp: String,
    /// The subject of the event.
    pub data: EventData,
}

impl EventBody {
    /// Creates the body of one event.
    #[must_use]
    pub fn new(
        id: EventId,
        event_type: EventType,
        at: DateTime<Utc>,
        order: Option<OrderView>,
    ) -> Self {
        Self {
            id,
            event_type: event_type.as_str().to_owned(),
            timestamp: jakarta_millis(at),
            data: EventData { order },
        }
    }
}
