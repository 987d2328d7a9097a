//! Creating orders and payments once, however often the merchant asks: the claim of a key or a
//! reference, and the first final reply that is given again (contract 4.1, idempotency).

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{OrderRefusal, pay_another_way};
use ayolinx_core::order_view::Customer;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::apply::Locked;
use crate::calls::{Call, NewPayment, Place};
use crate::error::LedgerError;
use crate::history::{NewHistory, Source};
use crate::rows::{OrderRow, PaymentRow};
use crate::schema::{creations, orders};
use crate::tx::{Tx, shifted};

/// A merchant may make this many payments on an order; replacements do not count.
pub const PAYMENTS_MAX: usize = 10;

/// An order to be made.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Identity.
    pub id: OrderId,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The merchant's own number.
    pub reference: String,
    /// What is asked.
    pub amount: Amount,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// Free text.
    pub description: Option<String>,
    /// The payer.
    pub customer: Option<Customer>,
    /// Items as JSON.
    pub items: Option<String>,
    /// Where the wallet sends the payer back.
    pub return_url: Option<String>,
    /// The merchant's pairs as JSON.
    pub metadata: Option<String>,
    /// The secret part of the checkout link.
    pub checkout_token: String,
    /// The payment to make at once; `None`: the payer chooses.
    pub payment: Option<NewPayment>,
}

/// How a request identifies itself.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Method and path.
    pub endpoint: String,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// SHA-256 of the body as a JSON value.
    pub fingerprint: [u8; 32],
}

/// The first final reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReply {
    /// HTTP status.
    pub status: u16,
    /// The very bytes.
    pub body: Vec<u8>,
}

/// What a create request turned out to be.
#[derive(Debug)]
pub enum Begun {
    /// The intent is committed: send this.
    Send {
        /// The call.
        call: Box<Call>,
        /// The creation whose reply is to be kept, when it has one.
        creation: Option<Uuid>,
    },
    /// A new order whose payer chooses; its reply is to be kept.
    Created {
        /// The order.
        order_id: OrderId,
        /// The creation.
        creation: Uuid,
    },
    /// Asked before and answered: the same bytes again.
    Replay(StoredReply),
    /// Asked before, and not known yet: 202 with the order as it is.
    Resolving(OrderId),
    /// Asked before and resolved since: its reply is to be made and kept now.
    Settled {
        /// The order.
        order_id: OrderId,
        /// The creation, when it has one.
        creation: Option<Uuid>,
        /// Whether the provider refused it.
        refused: bool,
        /// The payment that decided it.
        payment_id: PaymentId,
    },
    /// The payer's data was erased since, and the reply with it.
    Erased(OrderId),
    /// An open payment of that method and channel is there already (200).
    Open(OrderId),
    /// A twin is under way.
    InFlight,
    /// The key was used for another request.
    KeyReused,
    /// The reference is taken by another request.
    ReferenceExists(OrderId),
    /// The order's state forbids it.
    Refused(OrderRefusal),
    /// Too many payments were made on the order.
    TooManyPayments,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = creations)]
struct CreationRow {
    id: Uuid,
    order_id: Uuid,
    payment_id: Option<Uuid>,
    endpoint: String,
    fingerprint: Vec<u8>,
    reply_status: Option<i16>,
    reply_sealed: Option<Vec<u8>>,
}

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
            .execute(self.connection)?;
        if inserted == 0 {
            return self.reference_taken(new, claim);
        }
        if let Some(customer) = &new.customer {
            self.keep_customer(row.id, customer)?;
        }
        self.record(&NewHistory {
            order_id: row.id,
            payment_id: None,
            source: Source::Merchant.as_str(),
            fact: "order_created",
            payment_from: None,
            payment_to: None,
            order_from: None,
            order_to: Some(OrderState::Pending.as_str()),
            order_version: Some(1),
            detail: None,
        })?;
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
        self.reopen(&mut locked)?;
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

    /// Keeps the first final reply of a creation; a reply that is kept already stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn keep_reply(&mut self, creation: Uuid, reply: &StoredReply) -> Result<(), LedgerError> {
        let sealed = self
            .context
            .seal(&reply.body, &format!("reply:{creation}"))?;
        let status = i16::try_from(reply.status).map_err(LedgerError::corrupt)?;
        diesel::update(creations::table.find(creation))
            .filter(creations::reply_status.is_null())
            .set((
                creations::reply_status.eq(status),
                creations::reply_sealed.eq(sealed),
            ))
            .execute(self.connection)?;
        Ok(())
    }

    fn payable(&mut self, order: &OrderRow) -> Result<Result<(), OrderRefusal>, LedgerError> {
        if let Err(refusal) = pay_another_way(order.state()?) {
            return Ok(Err(refusal));
        }
        if self.now()? >= order.expires_at {
            return Ok(Err(OrderRefusal::NotPayable));
        }
        Ok(Ok(()))
    }

    /// `failed` is not final: a further payment makes the order pending again (contract 4.2).
    fn reopen(&mut self, locked: &mut Locked) -> Result<(), LedgerError> {
        let before = locked.order.state()?;
        if before == OrderState::Pending {
            return Ok(());
        }
        let now = self.now()?;
        let order = &mut locked.order;
        OrderState::Pending.as_str().clone_into(&mut order.state);
        order.version = order.version.saturating_add(1);
        order.updated_at = now;
        order.expiry_due_at = Some(shifted(order.expires_at, self.context.plans.expiry_grace));
        let order = locked.order.clone();
        self.save_order(&order)?;
        self.record(&NewHistory {
            order_id: order.id,
            payment_id: None,
            source: Source::Merchant.as_str(),
            fact: "reopened",
            payment_from: None,
            payment_to: None,
            order_from: Some(before.as_str()),
            order_to: Some(OrderState::Pending.as_str()),
            order_version: Some(order.version),
            detail: None,
        })
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

    fn creation_by_key(
        &mut self,
        merchant: MerchantId,
        claim: &Claim,
    ) -> Result<Option<CreationRow>, LedgerError> {
        let Some(key) = &claim.key else {
            return Ok(None);
        };
        Ok(creations::table
            .filter(creations::merchant_id.eq(merchant.as_uuid()))
            .filter(creations::idempotency_key.eq(key))
            .select(CreationRow::as_select())
            .first(self.connection)
            .optional()?)
    }

    fn reference_taken(&mut self, new: &NewOrder, claim: &Claim) -> Result<Begun, LedgerError> {
        let order_id = self.order_by_reference(new.merchant_id, &new.reference)?;
        let earlier: CreationRow = creations::table
            .filter(creations::order_id.eq(order_id.as_uuid()))
            .filter(creations::makes_order)
            .select(CreationRow::as_select())
            .first(self.connection)?;
        // Keys and references are separate names: a new key never adopts an old order.
        if claim.key.is_some() || earlier.fingerprint != claim.fingerprint {
            return Ok(Begun::ReferenceExists(order_id));
        }
        self.resume_creation(&earlier, claim)
    }

    fn resume_creation(
        &mut self,
        earlier: &CreationRow,
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        if earlier.endpoint != claim.endpoint || earlier.fingerprint != claim.fingerprint {
            return Ok(Begun::KeyReused);
        }
        // A replay writes too, so that what it answers is as durable as the first time (T8).
        diesel::sql_query("UPDATE creations SET replays = replays + 1 WHERE id = $1")
            .bind::<diesel::sql_types::Uuid, _>(earlier.id)
            .execute(self.connection)?;
        if let (Some(status), Some(sealed)) = (earlier.reply_status, &earlier.reply_sealed) {
            let body = self
                .context
                .open(sealed, &format!("reply:{}", earlier.id))?;
            let status = u16::try_from(status).map_err(LedgerError::corrupt)?;
            return Ok(Begun::Replay(StoredReply { status, body }));
        }
        let order_id = OrderId::from_uuid(earlier.order_id);
        if earlier.reply_status.is_some() {
            return Ok(Begun::Erased(order_id));
        }
        let Some(payment_id) = earlier.payment_id else {
            return Ok(Begun::Created {
                order_id,
                creation: earlier.id,
            });
        };
        let locked = self.lock_order(earlier.order_id)?;
        let row = last_replacement(&locked, payment_id)?;
        self.stand_of(&locked, &row, Some(earlier.id))
    }

    /// How far an earlier request has come.
    fn stand_of(
        &mut self,
        locked: &Locked,
        row: &PaymentRow,
        creation: Option<Uuid>,
    ) -> Result<Begun, LedgerError> {
        let now = self.now()?;
        let order_id = locked.order.id();
        match row.state()? {
            PaymentState::Unknown => Ok(Begun::Resolving(order_id)),
            PaymentState::Creating if row.call_is_leased(now) => {
                if row.replaces.is_some() {
                    Ok(Begun::Resolving(order_id))
                } else {
                    Ok(Begun::InFlight)
                }
            }
            PaymentState::Creating if row.last_outcome.as_deref() == Some("not_sent") => {
                if let Err(refusal) = self.payable(&locked.order)? {
                    return Ok(Begun::Refused(refusal));
                }
                let call = self.lease_call(&locked.order, row)?;
                Ok(Begun::Send {
                    call: Box::new(call),
                    creation,
                })
            }
            PaymentState::Creating => Ok(Begun::Resolving(order_id)),
            state => Ok(Begun::Settled {
                order_id,
                creation,
                refused: state == PaymentState::Failed
                    && row.last_outcome.as_deref() == Some("refused"),
                payment_id: row.id(),
            }),
        }
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
            .execute(self.connection)?;
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

/// The payment that stands for `first` now: itself, or the end of its chain of replacements.
fn last_replacement(locked: &Locked, first: Uuid) -> Result<PaymentRow, LedgerError> {
    let mut current = first;
    for row in locked.payments.iter().rev() {
        if row.replaces == Some(current) {
            current = row.id;
        }
    }
    locked
        .payments
        .iter()
        .find(|row| row.id == current)
        .cloned()
        .ok_or(LedgerError::NotFound)
}
