//! Creating orders and payments once, however often the merchant asks: the claim of a key or a
//! reference, and the first final reply that is given again (contract 4.1, idempotency).

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::states::{OrderState, PaymentState};
use diesel::prelude::*;
use uuid::Uuid;

use crate::apply::Locked;
use crate::begun::{Begun, Claim, NewOrder};
use crate::calls::{NewPayment, Place};
use crate::error::LedgerError;
use crate::history::{NewHistory, Source};
use crate::replays::CreationRow;
use crate::rows::{OrderRow, PaymentRow};
use crate::schema::{creations, orders};
use crate::tx::{Tx, shifted};

/// A merchant may make this many payments on an order; replacements do not count.
pub const PAYMENTS_MAX: usize = 10;

impl Tx<'_> {
    /// Claims the key or the reference and commits the intent, or finds out what came before.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when a twin committed in between: begin again.
    pub fn begin_order(&mut self, new: &NewOrder, claim: &Claim) -> Result<Begun, LedgerError> {
        if let Some(earlier) = self.creation_by_key(new.merchant_id, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        let row = self.order_row(new)?;
        let inserted = diesel::insert_into(orders::table)
            .values(&row)
            .on_conflict((orders::merchant_id, orders::reference))
            .do_nothing()
            .execute(self.connection()?)?;
        if inserted == 0 {
            return self.reference_taken(new, claim);
        }
        if let Some(customer) = &new.customer {
            self.keep_customer(row.id, customer)?;
        }
        self.record(NewHistory {
            order_id: row.id,
            payment_id: new.payment.as_ref().map(|payment| payment.id.as_uuid()),
            source: Source::Merchant.as_str(),
            fact: "order_created",
            payment_from: None,
            payment_to: (new.payment.as_ref()).map(|_| PaymentState::Creating.as_str()),
            order_from: None,
            order_to: Some(OrderState::Pending.as_str()),
            order_version: Some(1),
            detail: None,
        });
        match &new.payment {
            None => {
                let creation = self.keep_creation(&row, None, claim, MakesOrder::Yes)?;
                Ok(Begun::Created {
                    order_id: new.id,
                    creation,
                })
            }
            Some(payment) => {
                let made = self.insert_payment(&row, payment, Place::newest_of(&[]))?;
                let creation = self.keep_creation(&row, Some(made.id), claim, MakesOrder::Yes)?;
                let call = self.call_of(&row, &made)?;
                Ok(Begun::Send {
                    call: Box::new(call),
                    creation: Some(creation),
                })
            }
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
        let mut locked = self.lock_order(order_id.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return self.resume_creation(&earlier, claim);
        }
        if let Err(refusal) = self.payable(&locked.order)? {
            return Ok(Begun::Refused(refusal));
        }
        if claim.key.is_none()
            && let Some(open) = find_open(&locked, new)?
        {
            return match open.state()? {
                PaymentState::Pending => Ok(Begun::Open(order_id)),
                _ => self.stand_of(&locked, &open, None),
            };
        }
        let asked_for = locked.payments.iter().filter(|row| row.replaces.is_none());
        if asked_for.count() >= PAYMENTS_MAX {
            return Ok(Begun::TooManyPayments);
        }
        self.announce_payment(&mut locked, new.id)?;
        let place = Place::newest_of(&locked.payments);
        let made = self.insert_payment(&locked.order, new, place)?;
        let creation = match claim.key {
            Some(_) => {
                Some(self.keep_creation(&locked.order, Some(made.id), claim, MakesOrder::No)?)
            }
            None => None,
        };
        let call = self.call_of(&locked.order, &made)?;
        Ok(Begun::Send {
            call: Box::new(call),
            creation,
        })
    }

    /// A further payment is a change of the order, and `failed` is not final: it becomes pending
    /// again (contract 4.2).
    fn announce_payment(&mut self, locked: &mut Locked, id: PaymentId) -> Result<(), LedgerError> {
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
            source: Source::Merchant.as_str(),
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

    fn order_row(&mut self, new: &NewOrder) -> Result<OrderRow, LedgerError> {
        let now = self.now()?;
        Ok(OrderRow {
            id: new.id.as_uuid(),
            merchant_id: new.merchant_id.as_uuid(),
            reference: new.reference.clone(),
            state: OrderState::Pending.as_str().to_owned(),
            version: 1,
            amount_minor: new.amount.minor(),
            currency: new.amount.currency().as_str().to_owned(),
            paid_minor: 0,
            paid_late: false,
            payer_chooses: new.payment.is_none(),
            description: new.description.clone(),
            return_url: new.return_url.clone(),
            metadata: new.metadata.clone(),
            items: new.items.clone(),
            checkout_token: new.checkout_token.clone(),
            created_at: now,
            updated_at: now,
            expires_at: new.expires_at,
            paid_at: None,
            expiry_due_at: Some(shifted(new.expires_at, self.context.plans.expiry_grace)),
        })
    }

    fn reference_taken(&mut self, new: &NewOrder, claim: &Claim) -> Result<Begun, LedgerError> {
        let order_id = self.order_by_reference(new.merchant_id, &new.reference)?;
        let earlier: CreationRow = creations::table
            .filter(creations::order_id.eq(order_id.as_uuid()))
            .filter(creations::makes_order)
            .select(CreationRow::as_select())
            .first(self.connection()?)?;
        // A twin with the same key may have committed while our insert waited for it.
        if let Some(twin) = self.creation_by_key(new.merchant_id, claim)? {
            return self.resume_creation(&twin, claim);
        }
        // Keys and references are separate names: a new key never adopts an old order.
        if claim.key.is_some() || earlier.fingerprint != claim.fingerprint {
            return Ok(Begun::ReferenceExists(order_id));
        }
        self.resume_creation(&earlier, claim)
    }

    fn keep_creation(
        &mut self,
        order: &OrderRow,
        payment_id: Option<Uuid>,
        claim: &Claim,
        makes_order: MakesOrder,
    ) -> Result<Uuid, LedgerError> {
        let id = Uuid::now_v7();
        diesel::insert_into(creations::table)
            .values((
                creations::id.eq(id),
                creations::merchant_id.eq(order.merchant_id),
                creations::order_id.eq(order.id),
                creations::payment_id.eq(payment_id),
                creations::endpoint.eq(&claim.endpoint),
                creations::makes_order.eq(makes_order == MakesOrder::Yes),
                creations::idempotency_key.eq(&claim.key),
                creations::fingerprint.eq(claim.fingerprint.as_slice()),
            ))
            .execute(self.connection()?)?;
        Ok(id)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MakesOrder {
    Yes,
    No,
}

fn find_open(locked: &Locked, new: &NewPayment) -> Result<Option<PaymentRow>, LedgerError> {
    for row in &locked.payments {
        let same_way = row.method()? == new.method && row.channel == new.channel;
        if same_way && row.state()?.is_open() {
            return Ok(Some(row.clone()));
        }
    }
    Ok(None)
}
