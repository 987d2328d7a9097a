//! Creation of orders and payments once, however often the merchant asks: the claim of a key or a
//! reference, and the first final reply that is given again (contract 4.1, idempotency).

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::creations;
use crate::error::LedgerError;
use crate::orders::begin_outcome::{Begun, NewOrder};
use crate::orders::create::Beginning;
use crate::orders::replay::CreationRow;
use crate::payments::create_call::{NewPayment, Place};
use crate::rows::creations::Claim;
use crate::rows::creations::NewCreation;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::rows::payments::PaymentRow;
use crate::tx::{Tx, shifted};

/// The most payments that a merchant may make on an order; replacements do not count.
pub const PAYMENTS_MAX: usize = 10;

impl Tx<'_> {
    /// Claims the key or the reference and commits the intent, or finds the earlier request.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when a concurrent duplicate committed in between: begin again.
    pub fn begin_order(&mut self, new: &NewOrder, claim: &Claim) -> Result<Begun, LedgerError> {
        let beginning = Beginning {
            new: new.clone(),
            claim: claim.clone(),
        };
        if let Some(begun) = self.begin_orders(&[&beginning])?.pop().flatten() {
            return Ok(begun);
        }
        match self.creation_by_key(new.merchant_id, claim)? {
            Some(earlier) => self.resume_creation(&earlier, claim),
            None => self.reference_taken((new.merchant_id, &new.reference), claim),
        }
    }

    /// Returns the outcome of this very request for an order, or of another under its key or
    /// reference; [`Begun::New`] when there is none. For a request that could not be begun as things
    /// are now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn earlier_order(
        &mut self,
        merchant: MerchantId,
        reference: &str,
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        match self.reference_taken((merchant, reference), claim) {
            Err(LedgerError::NotFound) => Ok(Begun::New),
            found => found,
        }
    }

    /// Returns the outcome of this very request for a further payment; without a key, the open payment
    /// of that method, and of that channel where one is named. [`Begun::New`] when there is none.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn earlier_payment(
        &mut self,
        (merchant, order_id): (MerchantId, OrderId),
        (method, channel): (Method, Option<&str>),
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        let locked = self.lock_order(order_id.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        if claim.key.is_some() || self.payable(&locked.order)?.is_err() {
            return Ok(Begun::New);
        }
        let is_it = |row: &PaymentRow| channel.is_none() || row.channel.as_deref() == channel;
        match find_open(&locked, method, is_it)? {
            Some(open) => self.stand_of_open(&locked, &open),
            None => Ok(Begun::New),
        }
    }

    fn stand_of_open(&mut self, locked: &Locked, open: &PaymentRow) -> Result<Begun, LedgerError> {
        match open.state()? {
            PaymentState::Pending => Ok(Begun::Open(locked.order.id())),
            _ => self.stand_of(locked, open, None),
        }
    }

    /// Claims a further payment on an order (contract 4.3, pay another way).
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn begin_payment(
        &mut self,
        merchant: MerchantId,
        order_id: OrderId,
        new: &NewPayment,
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        // A key that was used says what it was used for, whatever order is named now.
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        let mut locked = self.lock_order(order_id.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        // A twin may have committed while the lock was waited for.
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        if let Err(refusal) = self.payable(&locked.order)? {
            return Ok(Begun::Refused(refusal));
        }
        if claim.key.is_none()
            && let Some(open) = find_open(&locked, new.method, |row| row.channel == new.channel)?
        {
            return self.stand_of_open(&locked, &open);
        }
        let asked_for = locked.payments.iter().filter(|row| row.replaces.is_none());
        if asked_for.count() >= PAYMENTS_MAX {
            return Ok(Begun::TooManyPayments);
        }
        self.announce_payment(&mut locked, new.id, claim.source)?;
        let place = Place::newest_of(&locked.payments);
        let made = self.insert_payment(&locked.order, new, place)?;
        let creation = claim.key.is_some().then(|| {
            self.keep_creation(NewCreation {
                id: Uuid::now_v7(),
                merchant_id: made.merchant_id,
                order_id: made.order_id,
                payment_id: Some(made.id),
                makes_order: false,
                claim: claim.clone(),
            })
        });
        let call = self.call_of(&locked.order, &made)?;
        Ok(Begun::Send {
            call: Box::new(call),
            creation,
        })
    }

    /// Writes a further payment as a change of the order. `failed` is not final: the order becomes
    /// pending again (contract 4.2).
    fn announce_payment(
        &mut self,
        locked: &mut Locked,
        id: PaymentId,
        source: Source,
    ) -> Result<(), LedgerError> {
        let before = locked.order.state()?;
        let now = self.now()?;
        let order = &mut locked.order;
        OrderState::Pending.as_str().clone_into(&mut order.state);
        order.version = order.version.saturating_add(1);
        order.updated_at = now;
        order.expiry_due_at = Some(shifted(order.expires_at, self.context.plans.expiry_grace));
        let order = locked.order.clone();
        self.save_order(&order);
        self.record(NewHistory {
            order_id: order.id,
            payment_id: Some(id.as_uuid()),
            source: source.as_str(),
            fact: "payment_created",
            payment_from: None,
            payment_to: Some(PaymentState::Creating.as_str()),
            order_from: Some(before.as_str()),
            order_to: Some(OrderState::Pending.as_str()),
            order_version: Some(order.version),
            detail: None,
        });
        Ok(())
    }

    fn reference_taken(
        &mut self,
        (merchant, reference): (MerchantId, &str),
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        let order_id = self.order_by_reference(merchant, reference)?;
        let earlier: Option<CreationRow> = creations::table
            .filter(creations::order_id.eq(order_id.as_uuid()))
            .filter(creations::makes_order)
            .select(CreationRow::as_select())
            .first(self.connection()?)
            .optional()?;
        // A twin with the same key may have committed while our insert waited for it.
        if let Some(twin) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&twin, claim);
        }
        // Keys and references are separate names: a new key never adopts an old order. What made the
        // order is forgotten when its time is over; the reference stays its own.
        match earlier {
            Some(earlier) if claim.key.is_none() && earlier.fingerprint == claim.fingerprint => {
                self.resume_creation(&earlier, claim)
            }
            Some(_) | None => Ok(Begun::ReferenceExists(order_id)),
        }
    }
}

fn find_open(
    locked: &Locked,
    method: Method,
    is_it: impl Fn(&PaymentRow) -> bool,
) -> Result<Option<PaymentRow>, LedgerError> {
    for row in &locked.payments {
        if row.method()? == method && is_it(row) && row.state()?.is_open() {
            return Ok(Some(row.clone()));
        }
    }
    Ok(None)
}
