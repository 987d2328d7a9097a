//! The payer's personal data: in one sealed row per order and nowhere else, so that erasing a payer
//! touches one table. The name a bank shows for a virtual account is part of it.

use std::collections::{BTreeMap, HashMap};

use ayolinx_core::artefact::Artefact;
use ayolinx_core::order_view::Customer;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::schema::payers;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::payments::apply::Locked;
use crate::tx::Tx;

/// What is sealed.
#[derive(Clone, Serialize, Deserialize, Default)]
pub(crate) struct Payer {
    /// As the merchant named them.
    #[serde(default)]
    pub(crate) customer: Option<Customer>,
    /// By payment: the name its bank shows.
    #[serde(default)]
    account_names: BTreeMap<Uuid, String>,
}

impl Payer {
    /// Every name a bank shows.
    pub(crate) fn account_names(&self) -> impl Iterator<Item = &String> {
        self.account_names.values()
    }

    /// The name a bank shows for a payment; empty when it was erased.
    pub(crate) fn account_name(&self, payment_id: Uuid) -> String {
        self.account_names
            .get(&payment_id)
            .cloned()
            .unwrap_or_default()
    }
}

/// An artefact without personal data, and the name that was in it.
pub(crate) fn without_name(artefact: &Artefact) -> (Artefact, Option<String>) {
    let mut plain = artefact.clone();
    let name = match &mut plain {
        Artefact::VirtualAccount { account_name, .. } => Some(std::mem::take(account_name)),
        Artefact::Qr { .. } | Artefact::Redirect { .. } | Artefact::PaymentCode { .. } => None,
    };
    (plain, name.filter(|name| !name.is_empty()))
}

/// With the order's id, what its payer is bound to.
pub(crate) const PAYER_CONTEXT: &str = "payer:";

fn payer_context(order_id: Uuid) -> String {
    format!("{PAYER_CONTEXT}{order_id}")
}

impl Tx<'_> {
    pub(crate) fn payer_of(&mut self, order_id: Uuid) -> Result<Option<Payer>, LedgerError> {
        let sealed: Option<Vec<u8>> = payers::table
            .find(order_id)
            .select(payers::sealed)
            .first(self.connection()?)
            .optional()?;
        sealed
            .map(|sealed| self.open_payer(order_id, &sealed))
            .transpose()
    }

    pub(crate) fn payers_of(
        &mut self,
        order_ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Payer>, LedgerError> {
        let sealed = self.sealed_payers_of(order_ids)?;
        (sealed.into_iter())
            .map(|(order_id, sealed)| Ok((order_id, self.open_payer(order_id, &sealed)?)))
            .collect()
    }

    /// [`Tx::payers_of`], to be opened one by one.
    pub(crate) fn sealed_payers_of(
        &mut self,
        order_ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, Vec<u8>>, LedgerError> {
        let rows: Vec<(Uuid, Vec<u8>)> = payers::table
            .filter(payers::order_id.eq_any(order_ids))
            .load(self.connection()?)?;
        Ok(rows.into_iter().collect())
    }

    pub(crate) fn customer_of(&mut self, order_id: Uuid) -> Result<Option<Customer>, LedgerError> {
        Ok(self.payer_of(order_id)?.and_then(|payer| payer.customer))
    }

    pub(crate) fn open_payer(&self, order_id: Uuid, sealed: &[u8]) -> Result<Payer, LedgerError> {
        let opened = self.context.open(sealed, &payer_context(order_id))?;
        serde_json::from_slice(&opened).map_err(LedgerError::corrupt)
    }

    pub(crate) fn keep_customer(
        &mut self,
        order_id: Uuid,
        customer: &Customer,
    ) -> Result<(), LedgerError> {
        let payer = Payer {
            customer: Some(customer.clone()),
            account_names: BTreeMap::new(),
        };
        self.keep_payer(order_id, &payer)
    }

    /// Under the order's lock.
    pub(crate) fn keep_account_name(
        &mut self,
        locked: &mut Locked,
        payment_id: Uuid,
        name: String,
    ) -> Result<(), LedgerError> {
        let order_id = locked.order.id;
        let payer = self.read_payer(locked)?;
        payer.account_names.insert(payment_id, name);
        let payer = payer.clone();
        self.keep_payer(order_id, &payer)
    }

    /// Nobody is an empty payer here.
    pub(crate) fn read_payer<'l>(
        &mut self,
        locked: &'l mut Locked,
    ) -> Result<&'l mut Payer, LedgerError> {
        let payer = match locked.payer.take() {
            Some(payer) => payer,
            None => self.payer_of(locked.order.id)?.unwrap_or_default(),
        };
        Ok(locked.payer.insert(payer))
    }

    fn keep_payer(&mut self, order_id: Uuid, payer: &Payer) -> Result<(), LedgerError> {
        let plain = serde_json::to_vec(payer).map_err(LedgerError::corrupt)?;
        let sealed = self.context.seal(&plain, &payer_context(order_id))?;
        self.writes.payers.insert(order_id, sealed);
        Ok(())
    }
}

pub(crate) fn save_all(sealed: &BTreeMap<Uuid, Vec<u8>>) -> Statement {
    Statement::new(
        "INSERT INTO payers (order_id, sealed) SELECT * FROM unnest(?, ?) \
         ON CONFLICT (order_id) DO UPDATE SET sealed = excluded.sealed",
    )
    .column::<SqlUuid, _>(sealed.keys().copied())
    .column::<Binary, _>(sealed.values().cloned())
}
