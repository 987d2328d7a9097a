//! New orders on their way into the ledger: a set of them is claimed and written as a set, each as if it had come
//! alone. One that was asked for before, or has a duplicate in the set, is left to be done alone.

use std::collections::HashSet;

use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::accounts::merchants::SubMerchant;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::orders::begin_outcome::{Begun, NewOrder};
use crate::payments::create_call::Place;
use crate::rows::creations::Claim;
use crate::rows::creations::NewCreation;
use crate::rows::history::NewHistory;
use crate::rows::orders::OrderRow;
use crate::tx::{Tx, shifted};

/// A new order with the claim that makes it happen only once.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    pub(crate) new: NewOrder,
    pub(crate) claim: Claim,
}

impl Beginning {
    fn name(&self) -> (Uuid, &str) {
        (self.new.merchant_id.as_uuid(), self.new.reference.as_str())
    }

    fn key(&self) -> Option<(Uuid, &str)> {
        let key = self.claim.key.as_deref()?;
        Some((self.new.merchant_id.as_uuid(), key))
    }

    fn is_by(&self, method: Method) -> bool {
        let payment = self.new.payment.as_ref();
        payment.is_some_and(|payment| payment.method == method)
    }
}

/// The state of the ledger before a beginning: whether it is taken, its merchant's e-wallet names, and the time.
#[derive(QueryableByName)]
struct Before {
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_taken: bool,
    #[diesel(sql_type = Nullable<Text>)]
    sub_merchant_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    external_store_id: Option<String>,
}

impl Tx<'_> {
    /// Claims keys and references and writes the intents. Returns `None` for those whose key or reference is taken,
    /// here or before.
    pub(crate) fn begin_orders(
        &mut self,
        beginnings: &[&Beginning],
    ) -> Result<Vec<Option<Begun>>, LedgerError> {
        if beginnings.is_empty() {
            return Ok(Vec::new());
        }
        let before = self.before(beginnings)?;
        let (mut names, mut keys) = (HashSet::new(), HashSet::new());
        let mut fresh = Vec::with_capacity(beginnings.len());
        for (one, before) in beginnings.iter().zip(before) {
            self.is_now(before.now);
            let is_first = one.key().is_none_or(|key| keys.insert(key)) && names.insert(one.name());
            let known_as = SubMerchant {
                sub_merchant_id: before.sub_merchant_id,
                external_store_id: before.external_store_id,
            };
            fresh.push((is_first && !before.is_taken).then_some(known_as));
        }
        let accounts = beginnings.iter().zip(&fresh);
        let accounts =
            accounts.filter(|(one, fresh)| fresh.is_some() && one.is_by(Method::VirtualAccount));
        let mut numbers = self.next_customer_nos(accounts.count())?.into_iter();
        let mut begun = Vec::with_capacity(beginnings.len());
        for (one, fresh) in beginnings.iter().zip(fresh) {
            let Some(known_as) = fresh else {
                begun.push(None);
                continue;
            };
            let account = one.is_by(Method::VirtualAccount);
            let number = account.then(|| numbers.next()).flatten();
            begun.push(Some(self.begin_made(one, number, known_as)?));
        }
        Ok(begun)
    }

    fn begin_made(
        &mut self,
        one: &Beginning,
        customer_no: Option<String>,
        known_as: SubMerchant,
    ) -> Result<Begun, LedgerError> {
        let new = &one.new;
        let now = self.now()?;
        let row = &self.order_row(new, now);
        self.writes.orders_made.push(row.clone());
        if let Some(customer) = &new.customer {
            self.keep_customer(row.id, customer)?;
        }
        self.record(NewHistory {
            order_id: row.id,
            payment_id: new.payment.as_ref().map(|payment| payment.id.as_uuid()),
            source: one.claim.source.as_str(),
            fact: "order_created",
            payment_from: None,
            payment_to: (new.payment.as_ref()).map(|_| PaymentState::Creating.as_str()),
            order_from: None,
            order_to: Some(OrderState::Pending.as_str()),
            order_version: Some(1),
            detail: None,
        });
        let creation = |payment_id: Option<Uuid>| NewCreation {
            id: Uuid::now_v7(),
            merchant_id: row.merchant_id,
            order_id: row.id,
            payment_id,
            makes_order: true,
            claim: one.claim.clone(),
        };
        let Some(payment) = &new.payment else {
            return Ok(Begun::Created {
                order_id: new.id,
                creation: self.keep_creation(creation(None)),
            });
        };
        let made = self.add_payment(row, payment, Place::newest_of(&[]), customer_no)?;
        let creation = self.keep_creation(creation(Some(made.id)));
        let sub_merchant = match one.is_by(Method::Ewallet) {
            true => known_as,
            false => SubMerchant::default(),
        };
        let call = self.call_to(row, &made, new.customer.clone(), sub_merchant)?;
        Ok(Begun::Send {
            call: Box::new(call),
            creation: Some(creation),
        })
    }

    pub(crate) fn keep_creation(&mut self, creation: NewCreation) -> Uuid {
        let id = creation.id;
        self.writes.creations.push(creation);
        id
    }

    fn order_row(&self, new: &NewOrder, now: DateTime<Utc>) -> OrderRow {
        OrderRow {
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
            base_state: None,
        }
    }

    /// Returns whether the key or the reference of each is taken, and the names of its merchant at e-wallets. They
    /// are looked up one by one: no plan may join whole tables with what is asked for.
    fn before(&mut self, beginnings: &[&Beginning]) -> Result<Vec<Before>, LedgerError> {
        let before: Vec<Before> = Statement::new(
            "SELECT now() AS now, ( \
                 SELECT true FROM creations WHERE merchant_id = named.merchant_id \
                     AND idempotency_key = named.key LIMIT 1) IS NOT NULL \
               OR ( \
                 SELECT true FROM orders WHERE merchant_id = named.merchant_id \
                     AND reference = named.reference LIMIT 1) IS NOT NULL AS is_taken, \
                 (SELECT sub_merchant_id FROM merchants WHERE id = named.merchant_id), \
                 (SELECT external_store_id FROM merchants WHERE id = named.merchant_id) \
             FROM unnest(?, ?, ?) WITH ORDINALITY AS named (merchant_id, key, reference, place) \
             ORDER BY place",
        )
        .column::<SqlUuid, _>(beginnings.iter().map(|one| one.name().0))
        .column::<Nullable<Text>, _>(beginnings.iter().map(|one| one.claim.key.clone()))
        .column::<Text, _>(beginnings.iter().map(|one| one.new.reference.clone()))
        .load(self.connection()?)?;
        if before.len() == beginnings.len() {
            return Ok(before);
        }
        Err(LedgerError::corrupt("what came before is not known of all"))
    }
}
