//! The one writer: every change of a payment, from whatever source, comes through here. It locks
//! the order, asks the core, and records state, journals, history, event and due work in the
//! caller's transaction. The order's row is always locked first, so that two facts about one order
//! queue up.

use ayolinx_core::funds::OrderFunds;
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::Input;
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::order::{Before, Close, Decision, decide};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::TimeDelta;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::error::LedgerError;
use crate::journal::funds::{hold, receipts_told, shows_other_details};
use crate::payments::observation::{Applied, Effect, Observation, What};
use crate::payments::transition::{Decided, change_order, change_payment};
use crate::rows::history::NewHistory;
use crate::rows::locked::Locked;
use crate::rows::orders::OrderRow;
use crate::rows::payers::without_name;
use crate::rows::payments::PaymentRow;
use crate::tx::Tx;

/// Shortest time between two inquiries about a payment that stale callbacks cause (contract 5).
const ASK_SPACING_SECONDS: i64 = 60;

impl Tx<'_> {
    /// Applies an observation of a payment.
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

    /// Applies like [`Tx::apply`] where the order is locked already.
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

    /// Returns the order of a payment as it is now, with its money; nothing is locked, and nothing
    /// may be written by it.
    pub(crate) fn glance_at_order_of(&mut self, payment: Uuid) -> Result<Locked, LedgerError> {
        let order = orders::table
            .inner_join(payments::table.on(payments::order_id.eq(orders::id)))
            .filter(payments::id.eq(payment))
            .select(OrderRow::as_select())
            .first(self.connection()?)?;
        let payments = self.payments_of(order.id)?;
        let mut locked = Locked {
            order,
            payments,
            receipts: None,
            notices: Vec::new(),
            payer: None,
        };
        self.read_receipts(&mut locked)?;
        Ok(locked)
    }

    /// Remembers another name under which the provider speaks of a payment.
    pub(crate) fn keep_alias(
        &mut self,
        payment: &PaymentRow,
        observation: &Observation,
    ) -> Result<(), LedgerError> {
        let Some(name) = &observation.provider_reference else {
            return Ok(());
        };
        let first = payment
            .provider_reference
            .as_ref()
            .is_none_or(|known| known == name);
        if first && payment.state()? != PaymentState::Paid {
            return Ok(());
        }
        if payment.provider_reference.as_ref() == Some(name) {
            return Ok(());
        }
        self.writes.aliases.insert((payment.id, name.clone()));
        Ok(())
    }

    fn apply_locked(
        &mut self,
        locked: &mut Locked,
        id: Uuid,
        observation: &Observation,
    ) -> Result<(Effect, &'static str), LedgerError> {
        self.keep_alias(locked.payment(id)?, observation)?;
        let (input, channelled) = match &observation.what {
            What::Fact(fact) => (Input::Fact(*fact), None),
            What::RefundCompleted(part) => (Input::RefundCompleted(*part), None),
            What::Word(word) => (Input::Word(word), Some(word.channelled)),
        };
        match &input {
            Input::Word(_) | Input::RefundCompleted(_) => self.read_receipts(locked)?,
            Input::Fact(_) => self.read_money(locked)?,
        }
        if let What::Word(word) = &observation.what {
            learn_channel(locked.payment_mut(id)?, word);
        }
        let before = self.funds(locked)?;
        let mut funds = before.clone();
        let (subject, now) = (locked.payment(id)?.id(), self.now()?);
        let new_receipt = ReceiptId::from_uuid(Uuid::now_v7());
        let taken =
            (funds.take(subject, &input, (new_receipt, now))).map_err(LedgerError::corrupt)?;
        if taken.asks
            && let Some(channelled) = channelled
        {
            self.ask_about(locked.payment(id)?, channelled)?;
            if !taken.is_new {
                self.record_unchanged(locked, id, observation, taken.fact);
                return Ok((Effect::Asked, taken.fact));
            }
        }
        let mut decision =
            decide(&locked.shown()?, &funds, subject).map_err(LedgerError::corrupt)?;
        decision.close_at_provider |= taken.close_at_provider;
        decision.changed |= shows_other_details(&before, &funds);
        if !decision.changed {
            if decision.close_at_provider {
                self.plan_close(locked.payment(id)?, None)?;
            }
            if taken.is_new || has_other_base(&before, &funds) {
                self.put_funds(locked, &funds, &decision)?;
                self.save_order(&locked.order);
            }
            if !observation.is_repeated || taken.is_new {
                self.record_unchanged(locked, id, observation, taken.fact);
            }
            return Ok((Effect::Unchanged, taken.fact));
        }
        let decided = Decided {
            fact: taken.fact,
            subject: id,
            decision,
        };
        let told = Observation {
            detail: (observation.detail.clone()).or_else(|| receipts_told(&before, &funds)),
            ..observation.clone()
        };
        self.execute(locked, &funds, &told, &decided)?;
        Ok((Effect::Changed, taken.fact))
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

    /// Carries a decision out: states, journals, receipts, refunds, work, history, event.
    pub(crate) fn execute(
        &mut self,
        locked: &mut Locked,
        funds: &OrderFunds,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        let now = self.now()?;
        let (id, decision) = (decided.subject, &decided.decision);
        let before = locked.shown()?;
        for posting in &decision.postings {
            let row = locked.payment_mut(posting.payment.as_uuid())?;
            hold(row, posting.booking, posting.amount.minor())?;
            row.updated_at = now;
            let row = row.clone();
            self.post(&row, posting)?;
            self.tally
                .booked(&row, posting.booking, posting.amount.minor());
            self.writes.payments.insert(row.id, row);
        }
        self.put_funds(locked, funds, decision)?;
        let place = locked.payments.iter().position(|row| row.id == id);
        let was = place.and_then(|place| before.payments.get(place).copied());
        let subject = locked.payment_mut(id)?;
        change_payment(subject, was.unwrap_or(subject.state()?), observation, now)?;
        let subject = subject.clone();
        self.writes.payments.insert(id, subject);
        if let Some(name) = observation
            .artefact
            .as_ref()
            .and_then(|it| without_name(it).1)
        {
            self.keep_account_name(locked, id, name)?;
        }
        self.move_on(locked, &before, decision)?;
        self.end_refunds(locked, observation.source, decision)?;
        change_order(locked, decision, now, self.context.plans.expiry_grace)?;
        if !locked.payment(id)?.state()?.is_open() {
            self.hasten_expiry(&mut locked.order)?;
        }
        self.save_order(&locked.order);
        self.record_change(locked, &before, observation, decided)?;
        match decision.close {
            Close::Nothing => {}
            Close::Earlier | Close::Others => self.close_others(locked, id, decision.close)?,
        }
        if let Some(event) = decision.event {
            self.emit(locked, event)?;
        }
        Ok(())
    }

    /// Lets an order be looked at at once, since the last of its payments just ended.
    pub(crate) fn hasten_expiry(&mut self, order: &mut OrderRow) -> Result<(), LedgerError> {
        let now = self.now()?;
        let latest = now
            .checked_sub_signed(self.context.plans.expiry_grace)
            .unwrap_or(now);
        if order.expiry_due_at.is_some() && order.expires_at <= latest {
            order.expiry_due_at = Some(now);
        }
        Ok(())
    }

    /// Plans what becomes due, and drops what no longer is, for each payment whose state changed.
    fn move_on(
        &mut self,
        locked: &Locked,
        before: &Before,
        decision: &Decision,
    ) -> Result<(), LedgerError> {
        for (row, was) in locked.payments.iter().zip(&before.payments) {
            let is = row.state()?;
            if is != *was {
                self.tally.came(row, is);
                self.plan_after(row, *was, decision.close_at_provider)?;
            }
        }
        Ok(())
    }

    /// Records one line for the payment that the change is about, and one for each other that it
    /// moved.
    fn record_change(
        &mut self,
        locked: &Locked,
        before: &Before,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        for (row, was) in locked.payments.iter().zip(&before.payments) {
            let is_subject = row.id == decided.subject;
            let is = row.state()?;
            if !is_subject && is == *was {
                continue;
            }
            let of_order = |state: OrderState| is_subject.then_some(state.as_str());
            self.record(NewHistory {
                order_id: locked.order.id,
                payment_id: Some(row.id),
                source: observation.source.as_str(),
                fact: decided.fact,
                payment_from: Some(was.as_str()),
                payment_to: Some(is.as_str()),
                order_from: of_order(before.order),
                order_to: of_order(decided.decision.allocation.order),
                order_version: Some(locked.order.version),
                detail: observation.detail.clone(),
            });
        }
        Ok(())
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

/// Notes the channel that the payer of a payment link chose, which is known once money came by it;
/// its amounts are judged as those of that channel.
fn learn_channel(row: &mut PaymentRow, word: &ProviderWord) {
    let is_success = word.status == Some(ProviderStatus::Success)
        && word.channelled != Channelled::StaleCallback;
    if is_success && row.channel.is_none() {
        row.channel.clone_from(&word.channel);
    }
}

/// Returns whether the state of any payment apart from money differs.
fn has_other_base(before: &OrderFunds, after: &OrderFunds) -> bool {
    let bases = |funds: &OrderFunds| -> Vec<_> {
        funds.payments.iter().map(|payment| payment.base).collect()
    };
    before.base != after.base || bases(before) != bases(after)
}
