//! Rows of payers: a sealed value for each order, and its content.

use std::collections::BTreeMap;

use ayolinx_core::artefact::Artefact;
use ayolinx_core::order_view::Customer;
use diesel::sql_types::{Binary, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::statement::Statement;

/// The content of the sealed value.
#[derive(Clone, Serialize, Deserialize, Default)]
pub(crate) struct Payer {
    /// The customer as the merchant named them.
    #[serde(default)]
    pub(crate) customer: Option<Customer>,
    /// The name its bank shows, by payment.
    #[serde(default)]
    pub(crate) account_names: BTreeMap<Uuid, String>,
}

impl Payer {
    /// Returns every name a bank shows.
    pub(crate) fn account_names(&self) -> impl Iterator<Item = &String> {
        self.account_names.values()
    }

    /// Returns the name a bank shows for a payment; empty when it was erased.
    pub(crate) fn account_name(&self, payment_id: Uuid) -> String {
        self.account_names
            .get(&payment_id)
            .cloned()
            .unwrap_or_default()
    }
}

/// Splits an artefact into one without personal data and the name that was in it.
pub(crate) fn without_name(artefact: &Artefact) -> (Artefact, Option<String>) {
    let mut plain = artefact.clone();
    let name = match &mut plain {
        Artefact::VirtualAccount { account_name, .. } => Some(std::mem::take(account_name)),
        Artefact::Qr { .. } | Artefact::Redirect { .. } | Artefact::PaymentCode { .. } => None,
    };
    (plain, name.filter(|name| !name.is_empty()))
}

pub(crate) fn save_all(sealed: &BTreeMap<Uuid, Vec<u8>>) -> Statement {
    Statement::new(
        "INSERT INTO payers (order_id, sealed) SELECT * FROM unnest(?, ?) \
         ON CONFLICT (order_id) DO UPDATE SET sealed = excluded.sealed",
    )
    .column::<SqlUuid, _>(sealed.keys().copied())
    .column::<Binary, _>(sealed.values().cloned())
}
