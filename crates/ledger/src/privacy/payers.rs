//! The payer's personal data: in one sealed row per order and nowhere else, so that erasing a payer
//! touches one table. The name a bank shows for a virtual account is part of it.

use std::collections::{BTreeMap, HashMap};

use ayolinx_core::order_view::Customer;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::payers;
use crate::error::LedgerError;
use crate::rows::locked::Locked;
use crate::rows::payers::Payer;
use crate::rows::seals::payer_context;
use crate::tx::Tx;

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

    /// Returns payers like [`Tx::payers_of`], still sealed, to be opened one by one.
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

    /// Keeps the name that a bank shows; under the order's lock.
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

    /// Reads the payer of a locked order; an empty one where there is none.
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
