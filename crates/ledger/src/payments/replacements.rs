//! The repair of a create whose outcome stayed unknown: the same id sent again, or a new payment in
//! place of one that nobody can pay (contract 4.1). Only under the resolver's lease.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::order_view::Failure;
use ayolinx_core::payment::Fact;
use ayolinx_core::states::{OrderState, PaymentState};

use crate::error::LedgerError;
use crate::payments::create_call::{Call, NewPayment, Place, Sending};
use crate::payments::observation::{Effect, Observation};
use crate::provider_work::queue::LeasedWork;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::rows::payments::PaymentRow;
use crate::tx::Tx;

/// The most replacements of a lost create, after which the payment fails (contract 4.1).
pub const REPLACEMENTS_MAX: i16 = 3;

impl Tx<'_> {
    /// Closes a payment that nobody can pay as lost, the resolver's next step, and, where the order
    /// still wants it, replaces it by a new payment, whose call is returned (contract 4.1).
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn replace_lost(
        &mut self,
        work: &LeasedWork,
        replacement: PaymentId,
    ) -> Result<Option<Call>, LedgerError> {
        let id = work.payment_id.as_uuid();
        let mut locked = self.lock_order_of(work.payment_id)?;
        if !self.still_leased(work)? {
            return Ok(None);
        }
        let row = locked.payment(id)?.clone();
        let wanted = self.still_wanted(&locked, &row)?;
        let exhausted = row.replacements >= REPLACEMENTS_MAX;
        let fact = if wanted && exhausted {
            Fact::ReplacementsExhausted
        } else {
            Fact::ArtefactLost
        };
        let lost = Observation {
            failure: Some(Failure {
                code: "artefact_lost".to_owned(),
                message: "the provider's reply was lost; nobody can pay this attempt".to_owned(),
            }),
            ..Observation::fact(Source::Resolver, fact)
        };
        let applied = self.apply_to(&mut locked, work.payment_id, &lost)?;
        if applied.effect != Effect::Changed || !wanted || exhausted {
            return Ok(None);
        }
        let order = locked.order.clone();
        let new = NewPayment {
            id: replacement,
            method: row.method()?,
            channel: row.channel.clone(),
            link_channels: row.link_channels.clone().unwrap_or_default(),
            expires_at: row.expires_at,
        };
        let place = Place {
            position: row.position.saturating_add(1),
            replaces: Some(row.id),
            replacements: row.replacements.saturating_add(1),
        };
        let made = self.insert_payment(&order, &new, place)?;
        self.record(NewHistory {
            order_id: order.id,
            payment_id: Some(made.id),
            source: Source::Resolver.as_str(),
            fact: "replacement_created",
            payment_from: None,
            payment_to: Some(PaymentState::Creating.as_str()),
            order_from: None,
            order_to: None,
            order_version: Some(order.version),
            detail: Some(format!("replaces {}", row.id())),
        });
        self.call_of(&order, &made).map(Some)
    }

    /// Takes the lease to send the same id again, after "not found" was proven; `None` when the
    /// order no longer wants it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_resend(&mut self, work: &LeasedWork) -> Result<Option<Call>, LedgerError> {
        let id = work.payment_id.as_uuid();
        let locked = self.lock_order_of(work.payment_id)?;
        if !self.still_leased(work)? {
            return Ok(None);
        }
        let row = locked.payment(id)?;
        if !self.still_wanted(&locked, row)? || !row.state()?.is_open() {
            return Ok(None);
        }
        self.lease_call(&locked.order, row, Sending::Again)
            .map(Some)
    }

    /// Ends a payment that is not there and is always answered alike: it fails with that answer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn give_up_resending(
        &mut self,
        work: &LeasedWork,
        reply: &Failure,
    ) -> Result<(), LedgerError> {
        let mut locked = self.lock_order_of(work.payment_id)?;
        if !self.still_leased(work)? {
            return Ok(());
        }
        let refused = Observation {
            failure: Some(reply.clone()),
            detail: Some(format!(
                "answered alike {} times and not there: {} {}",
                work.resends.alike, reply.code, reply.message
            )),
            ..Observation::fact(Source::Resolver, Fact::Refused)
        };
        self.apply_to(&mut locked, work.payment_id, &refused)?;
        Ok(())
    }

    fn still_wanted(&mut self, locked: &Locked, row: &PaymentRow) -> Result<bool, LedgerError> {
        let now = self.now()?;
        let newest = locked.payments.first().map(|newest| newest.id);
        Ok(locked.order.state()? == OrderState::Pending
            && now < locked.order.expires_at
            && newest == Some(row.id))
    }
}
