//! The end of an order without money: cancelled by its merchant, or out of time.

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::order::{OrderRefusal, cancel};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::orders;
use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::tx::{Tx, shifted};

/// Wait until an order past its time is looked at again while payments of it are open. The end of the
/// last of them has it looked at at once.
const STILL_OPEN_RETRY_SECONDS: i64 = 3_600;
/// Wait for a repair of an order that cannot be ended for a fault in the ledger.
const BROKEN_RETRY_SECONDS: i64 = 300;

/// The steps that a cancel would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelPlan {
    /// The order is cancelled already.
    AlreadyCancelled,
    /// The order's state forbids it.
    Refused(OrderRefusal),
    /// The provider must first be asked to cancel these pending QRIS payments.
    CloseFirst(Vec<PaymentId>),
    /// Nothing at the provider stands in the way.
    Local,
}

/// The outcome of a look at orders whose time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expiries {
    /// Number of orders that were looked at; each is ended, or looked at again later.
    pub looked_at: usize,
    /// Number of those that ended.
    pub ended: usize,
}

impl Tx<'_> {
    /// Returns the steps that cancelling an order would take (contract 4.3).
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn plan_cancel(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<CancelPlan, LedgerError> {
        let order = self.find_order(id)?;
        if order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        match cancel(order.state()?) {
            Err(refusal) => return Ok(CancelPlan::Refused(refusal)),
            Ok(false) => return Ok(CancelPlan::AlreadyCancelled),
            Ok(true) => {}
        }
        let mut at_provider = Vec::new();
        for payment in self.payments_of(order.id)? {
            let qris = payment.method()? == ayolinx_core::method::Method::Qris;
            if qris && payment.state()? == PaymentState::Pending {
                at_provider.push(payment.id());
            }
        }
        if at_provider.is_empty() {
            Ok(CancelPlan::Local)
        } else {
            Ok(CancelPlan::CloseFirst(at_provider))
        }
    }

    /// Cancels an order and withdraws its open payments.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn cancel_order(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
        source: Source,
    ) -> Result<Result<(), OrderRefusal>, LedgerError> {
        let mut locked = self.lock_order(id.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        match cancel(locked.order.state()?) {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(false) => return Ok(Ok(())),
            Ok(true) => {}
        }
        let all: Vec<Uuid> = locked.payments.iter().map(|payment| payment.id).collect();
        for payment in all {
            self.withdraw(&mut locked, payment)?;
        }
        let end = End {
            state: OrderState::Cancelled,
            event: EventType::OrderCancelled,
            source,
            fact: "cancelled",
        };
        self.end_order(&mut locked, &end)?;
        Ok(Ok(()))
    }

    /// Ends up to `limit` pending orders whose time and grace are over and which have no open
    /// payment left.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn expire_orders(&mut self, limit: i64) -> Result<Expiries, LedgerError> {
        let now = self.now()?;
        let due: Vec<Uuid> = orders::table
            .filter(orders::expiry_due_at.le(now))
            .select(orders::id)
            .order(orders::expiry_due_at)
            .limit(limit)
            .for_no_key_update()
            .skip_locked()
            .load(self.connection()?)?;
        let looked_at = due.len();
        let mut ended = 0_usize;
        for id in due {
            let tried = self.nested(|tx| {
                let mut locked = tx.lock_order(id)?;
                tx.expire_order(&mut locked)
            });
            match tried {
                Ok(true) => ended = ended.saturating_add(1),
                Ok(false) => {}
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    tracing::error!(order.id = %id, error = %error, "an order cannot be ended");
                    self.look_at_order_later(id, BROKEN_RETRY_SECONDS)?;
                }
            }
        }
        Ok(Expiries { looked_at, ended })
    }

    fn expire_order(&mut self, locked: &mut Locked) -> Result<bool, LedgerError> {
        if locked.order.state()? != OrderState::Pending {
            locked.order.expiry_due_at = None;
            let order = locked.order.clone();
            self.save_order(&order);
            return Ok(false);
        }
        if locked.others_open(Uuid::nil())? {
            self.look_at_order_later(locked.order.id, STILL_OPEN_RETRY_SECONDS)?;
            return Ok(false);
        }
        let end = End {
            state: OrderState::Expired,
            event: EventType::OrderExpired,
            source: Source::Expiry,
            fact: "expired",
        };
        self.end_order(locked, &end)?;
        Ok(true)
    }

    fn look_at_order_later(&mut self, id: Uuid, seconds: i64) -> Result<(), LedgerError> {
        let later = shifted(self.now()?, TimeDelta::seconds(seconds));
        diesel::update(orders::table.find(id))
            .set(orders::expiry_due_at.eq(later))
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Returns the end of an order's time, by the database's clock.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn order_expires_at(&mut self, id: OrderId) -> Result<DateTime<Utc>, LedgerError> {
        Ok(self.find_order(id)?.expires_at)
    }

    fn end_order(&mut self, locked: &mut Locked, end: &End) -> Result<(), LedgerError> {
        let now = self.now()?;
        let before = locked.order.state()?;
        let order = &mut locked.order;
        end.state.as_str().clone_into(&mut order.state);
        order.version = order.version.saturating_add(1);
        order.updated_at = now;
        order.expiry_due_at = None;
        let order = locked.order.clone();
        self.save_order(&order);
        self.record(NewHistory {
            order_id: order.id,
            payment_id: None,
            source: end.source.as_str(),
            fact: end.fact,
            payment_from: None,
            payment_to: None,
            order_from: Some(before.as_str()),
            order_to: Some(end.state.as_str()),
            order_version: Some(order.version),
            detail: None,
        });
        self.emit(locked, end.event)
    }
}

struct End {
    state: OrderState,
    event: EventType,
    source: Source,
    fact: &'static str,
}
