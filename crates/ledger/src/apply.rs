//! The one writer: every change of a payment, from whatever source, comes through here. It locks
//! the order, asks the core, and records state, books, history, event and due work in the caller's
//! transaction. The order's row is always locked first, so that two facts about one order queue up.

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::PaymentId;
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Decision, OrderContext, PaymentContext, decide};
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::{Channelled, Known, Reading, read};
use ayolinx_core::states::PaymentState;
use chrono::TimeDelta;
use diesel::prelude::*;
use uuid::Uuid;

use crate::change::{Decided, change_order, change_payment, hold};
use crate::error::LedgerError;
use crate::history::{NewHistory, Source};
use crate::observation::{Applied, Effect, Observation, What};
use crate::payers::{Payer, without_name};
use crate::receipts::ReceiptRow;
use crate::rows::{OrderRow, PaymentRow};
use crate::schema::{orders, payments};
use crate::tx::Tx;

/// Stale callbacks cause one inquiry per payment and minute (contract 5).
const ASK_SPACING_SECONDS: i64 = 60;

/// An order under lock with its payments, newest first.
pub(crate) struct Locked {
    pub(crate) order: OrderRow,
    pub(crate) payments: Vec<PaymentRow>,
    /// Of all its payments, oldest first; read when they are needed.
    pub(crate) receipts: Option<Vec<ReceiptRow>>,
    /// The payer; read when needed.
    pub(crate) payer: Option<Payer>,
}

impl Locked {
    pub(crate) fn payment(&self, id: Uuid) -> Result<&PaymentRow, LedgerError> {
        self.payments
            .iter()
            .find(|payment| payment.id == id)
            .ok_or(LedgerError::NotFound)
    }

    pub(crate) fn receipts_of(&self, payment_id: Uuid) -> impl Iterator<Item = &ReceiptRow> {
        self.receipts
            .iter()
            .flatten()
            .filter(move |receipt| receipt.payment_id == payment_id)
    }

    pub(crate) fn payment_mut(&mut self, id: Uuid) -> Result<&mut PaymentRow, LedgerError> {
        self.payments
            .iter_mut()
            .find(|payment| payment.id == id)
            .ok_or(LedgerError::NotFound)
    }

    pub(crate) fn others_open(&self, id: Uuid) -> Result<bool, LedgerError> {
        for payment in &self.payments {
            if payment.id != id && payment.state()?.is_open() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn paid_minor(&self) -> Result<i64, LedgerError> {
        let mut sum: i64 = 0;
        for payment in &self.payments {
            if payment.state()? == PaymentState::Paid {
                let kept = payment.received_minor.checked_sub(payment.refunded_minor);
                sum = kept
                    .and_then(|kept| sum.checked_add(kept))
                    .ok_or_else(|| LedgerError::corrupt("paid amount out of range"))?;
            }
        }
        Ok(sum)
    }
}

impl Tx<'_> {
    /// Applies what became known about a payment.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such payment.
    pub fn apply(
        &mut self,
        payment: PaymentId,
        observation: &Observation,
    ) -> Result<Applied, LedgerError> {
        let mut locked = self.lock_order_of(payment)?;
        self.apply_to(&mut locked, payment, observation)
    }

    /// [`Tx::apply`] where the order is locked already.
    pub(crate) fn apply_to(
        &mut self,
        locked: &mut Locked,
        payment: PaymentId,
        observation: &Observation,
    ) -> Result<Applied, LedgerError> {
        let observation = observation.storable();
        let (effect, fact) = self.apply_locked(locked, payment.as_uuid(), &observation)?;
        tracing::info!(
            order.id = %locked.order.id(),
            payment.id = %payment,
            source = observation.source.as_str(),
            fact,
            effect = ?effect,
            "observation applied"
        );
        Ok(Applied {
            effect,
            order_id: locked.order.id(),
            payment: locked.payment(payment.as_uuid())?.state()?,
            order: locked.order.state()?,
        })
    }

    pub(crate) fn lock_order(&mut self, order_id: Uuid) -> Result<Locked, LedgerError> {
        let order = orders::table
            .find(order_id)
            .select(OrderRow::as_select())
            .for_no_key_update()
            .first(self.connection()?)?;
        let payments = self.payments_of(order_id)?;
        Ok(Locked {
            order,
            payments,
            receipts: None,
            payer: None,
        })
    }

    /// Locks the order of a payment, if it is not locked ahead.
    pub(crate) fn lock_order_of(&mut self, payment: PaymentId) -> Result<Locked, LedgerError> {
        if let Some(locked) = self.prefetched.take(payment.as_uuid()) {
            return Ok(locked);
        }
        let order_id: Uuid = payments::table
            .find(payment.as_uuid())
            .select(payments::order_id)
            .first(self.connection()?)?;
        self.lock_order(order_id)
    }

    fn apply_locked(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        observation: &Observation,
    ) -> Result<(Effect, &'static str), LedgerError> {
        self.keep_alias(locked.payment(id)?, observation)?;
        let (fact, money) = match &observation.what {
            What::Fact(fact) => (*fact, None),
            What::Money(fact, amount) => (*fact, Some(*amount)),
            What::Word(word) => {
                self.read_receipts(locked)?;
                let known = self.known(locked, id)?;
                match read(word, &known, self.now()?) {
                    Reading::Apply(fact, money) => (fact, money),
                    Reading::Ask => {
                        self.ask_about(locked.payment(id)?, word.channelled)?;
                        self.record_unchanged(locked, id, observation, "asked");
                        return Ok((Effect::Asked, "asked"));
                    }
                    Reading::Nothing => {
                        self.record_unchanged(locked, id, observation, "no_change");
                        return Ok((Effect::Unchanged, "no_change"));
                    }
                }
            }
        };
        let decision = self.decide(locked, id, fact, money)?;
        if !decision.changed {
            if decision.close_at_provider {
                self.plan_close(locked.payment(id)?, None)?;
            }
            self.confirm_receipt(locked, id, fact, observation)?;
            self.record_unchanged(locked, id, observation, fact.as_str());
            return Ok((Effect::Unchanged, fact.as_str()));
        }
        self.execute(
            locked,
            id,
            observation,
            &Decided {
                fact,
                money,
                decision,
            },
        )?;
        Ok((Effect::Changed, fact.as_str()))
    }

    fn decide(
        &self,
        locked: &Locked,
        id: Uuid,
        fact: Fact,
        money: Option<Amount>,
    ) -> Result<Decision, LedgerError> {
        let payment = locked.payment(id)?;
        let payment = PaymentContext {
            state: payment.state()?,
            asked: payment.asked()?,
            held_for_merchant: payment.held_for_merchant()?,
            held_in_suspense: payment.held_in_suspense()?,
        };
        let order = OrderContext {
            state: locked.order.state()?,
            payer_chooses: locked.order.payer_chooses,
            others_open: locked.others_open(id)?,
        };
        Ok(decide(&payment, &order, fact, money))
    }

    fn known(&self, locked: &Locked, id: Uuid) -> Result<Known, LedgerError> {
        let payment = locked.payment(id)?;
        let channel = payment.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL);
        let amount_rule = (self.context.channels.get(channel))
            .map(|channel| channel.amount_rule)
            .unwrap_or_default();
        let named = |held: Option<&str>| {
            locked
                .receipts_of(id)
                .filter(|receipt| held.is_none_or(|held| receipt.held == held))
                .filter_map(|receipt| receipt.request_key.clone())
                .collect::<Vec<_>>()
        };
        Ok(Known {
            state: payment.state()?,
            asked: payment.asked()?,
            amount_rule,
            can_inquire: self.context.plans.inquiry_of(payment.method()?).is_some(),
            expires_at: payment.expires_at,
            held_for_merchant: payment.held_for_merchant()?,
            held_in_suspense: payment.held_in_suspense()?,
            refunded: crate::rows::amount(payment.refunded_minor, &payment.currency)?,
            receipt_keys: named(None),
            suspense_keys: named(Some("suspense")),
            returned_keys: [named(Some("released")), named(Some("refunded"))].concat(),
        })
    }

    fn ask_about(
        &mut self,
        payment: &PaymentRow,
        channelled: Channelled,
    ) -> Result<(), LedgerError> {
        let spacing = match channelled {
            Channelled::StaleCallback => TimeDelta::seconds(ASK_SPACING_SECONDS),
            Channelled::Callback | Channelled::Inquiry => TimeDelta::zero(),
        };
        self.ask_soon(payment, spacing)
    }

    fn execute(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        let now = self.now()?;
        let decision = &decided.decision;
        let before = (locked.payment(id)?.state()?, locked.order.state()?);
        let row = locked.payment_mut(id)?;
        for (booking, amount) in &decision.bookings {
            hold(row, *booking, amount.minor())?;
        }
        change_payment(row, decided, observation, now)?;
        let row = row.clone();
        if let Some(name) = observation
            .artefact
            .as_ref()
            .and_then(|it| without_name(it).1)
        {
            self.keep_account_name(locked, id, name)?;
        }
        for (booking, amount) in &decision.bookings {
            self.post(&row, *booking, *amount)?;
            self.tally.booked(&row, *booking, amount.minor());
        }
        if before.0 != decision.payment {
            self.tally.came(&row, decision.payment);
        }
        self.keep_receipts(locked, &row, observation, decided)?;
        self.close_refunds(&row, decided)?;
        self.plan_after(&row, before.0, decision)?;
        self.writes.payments.insert(id, row);
        change_order(locked, decided, observation, now)?;
        if !decision.payment.is_open() {
            self.hasten_expiry(&mut locked.order)?;
        }
        self.save_order(&locked.order);
        self.record(NewHistory {
            order_id: locked.order.id,
            payment_id: Some(id),
            source: observation.source.as_str(),
            fact: decided.fact.as_str(),
            payment_from: Some(before.0.as_str()),
            payment_to: Some(decision.payment.as_str()),
            order_from: Some(before.1.as_str()),
            order_to: Some(decision.order.as_str()),
            order_version: Some(locked.order.version),
            detail: observation.detail.clone(),
        });
        if decision.close_others {
            self.close_others(locked, id)?;
        }
        if let Some(event) = decision.event {
            self.emit(locked, event)?;
        }
        Ok(())
    }

    /// The order is paid: what else is open is withdrawn. It can be paid another way now: what came
    /// before is; a later payment, whose call may be under way, stays.
    fn close_others(&mut self, locked: &mut Locked, id: Uuid) -> Result<(), LedgerError> {
        let this = locked.payment(id)?;
        let (all, position) = (this.state()? == PaymentState::Paid, this.position);
        let others: Vec<Uuid> = locked
            .payments
            .iter()
            .filter(|other| other.id != id && (all || other.position < position))
            .map(|other| other.id)
            .collect();
        for other in others {
            self.withdraw(locked, other)?;
        }
        Ok(())
    }

    /// Withdraws one payment of a locked order, if it is open.
    pub(crate) fn withdraw(&mut self, locked: &mut Locked, id: Uuid) -> Result<(), LedgerError> {
        if !locked.payment(id)?.state()?.is_open() {
            return Ok(());
        }
        let now = self.now()?;
        let before = locked.payment(id)?.state()?;
        let decision = self.decide(locked, id, Fact::Withdrawn, None)?;
        let row = locked.payment_mut(id)?;
        decision.payment.as_str().clone_into(&mut row.state);
        row.updated_at = now;
        let row = row.clone();
        self.plan_after(&row, before, &decision)?;
        if before != decision.payment {
            self.tally.came(&row, decision.payment);
        }
        self.writes.payments.insert(id, row);
        self.record(NewHistory {
            order_id: locked.order.id,
            payment_id: Some(id),
            source: Source::Sibling.as_str(),
            fact: Fact::Withdrawn.as_str(),
            payment_from: Some(before.as_str()),
            payment_to: Some(decision.payment.as_str()),
            order_from: None,
            order_to: None,
            order_version: Some(locked.order.version),
            detail: None,
        });
        Ok(())
    }

    pub(crate) fn save_order(&mut self, order: &OrderRow) {
        self.writes.orders.insert(order.id, order.clone());
    }

    fn record_unchanged(
        &mut self,
        locked: &Locked,
        id: Uuid,
        observation: &Observation,
        fact: &'static str,
    ) {
        self.record(NewHistory {
            order_id: locked.order.id,
            payment_id: Some(id),
            source: observation.source.as_str(),
            fact,
            payment_from: None,
            payment_to: None,
            order_from: None,
            order_to: None,
            order_version: Some(locked.order.version),
            detail: observation.detail.clone(),
        });
    }
}
