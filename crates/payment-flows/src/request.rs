//! The conversion of a call in the ledger to the request that the provider client sends.

use ayolinx_client::{CreateRequest, Customer, Item};
use ayolinx_core::channels::{Channel, PAYMENT_LINK_CHANNEL};
use ayolinx_core::money::Amount;
use ledger::Call;
use serde::Deserialize;

use crate::flows::Flows;

#[derive(Deserialize)]
struct StoredItem {
    name: String,
    price: i64,
    quantity: u32,
}

impl Flows {
    /// Returns the channel a call is for; `None` when the operator has removed it since.
    pub(crate) fn channel_of(&self, code: Option<&str>) -> Option<&Channel> {
        self.channels.get(code.unwrap_or(PAYMENT_LINK_CHANNEL))
    }

    pub(crate) fn create_request(&self, call: &Call) -> Option<CreateRequest<'_>> {
        let channel = self.channel_of(call.channel.as_deref())?;
        let title = call
            .description
            .clone()
            .unwrap_or_else(|| call.reference.clone());
        Some(CreateRequest {
            our_reference: call.payment_id.to_string(),
            amount: call.amount,
            expires_at: call.expires_at,
            channel,
            notification_url: self.notification_url(call.method),
            return_url: call.return_url.clone(),
            description: Some(title.clone()),
            customer: call.customer.as_ref().map(|who| Customer {
                name: who.name.clone().unwrap_or_default(),
                email: who.email.clone().unwrap_or_default(),
                phone: who.phone.clone(),
            }),
            items: items(call, title),
            customer_digits: call.customer_no.clone(),
            link_channels: call.link_channels.clone(),
            sub_merchant_id: call.sub_merchant.sub_merchant_id.clone(),
            external_store_id: call.sub_merchant.external_store_id.clone(),
        })
    }
}

fn items(call: &Call, title: String) -> Vec<Item> {
    let stored = call
        .items
        .as_deref()
        .and_then(|json| serde_json::from_str::<Vec<StoredItem>>(json).ok());
    match stored {
        Some(items) if !items.is_empty() => items
            .into_iter()
            .filter_map(|item| {
                Some(Item {
                    name: item.name,
                    price: Amount::rupiah(item.price).ok()?,
                    quantity: item.quantity,
                })
            })
            .collect(),
        _ => vec![Item {
            name: title,
            price: call.amount,
            quantity: 1,
        }],
    }
}
