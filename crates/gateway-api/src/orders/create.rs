//! `POST /v1/orders`: one order for one reference, however often it is asked for.

use ayolinx_core::channels::{ChannelTable, PAYMENT_LINK_CHANNEL};
use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{Claim, NewOrder, NewPayment, Tx};
use serde::Serialize;
use uuid::Uuid;

use super::abandoned_creates::Notes;
use super::complete_create::{Maker, begin_and_settle, settle_earlier_or_refuse};
use super::params::create_order::{CreateOrder, NamedOrder};
use super::params::payment::PaymentChoice;
use crate::http::error::ApiError;
use crate::idempotency::reply::OrderReply;
use crate::state::Api;

#[derive(Serialize)]
struct StoredItem<'a> {
    name: &'a str,
    price: i64,
    quantity: u32,
}

/// Creates an order and, when asked for, opens its payment. A request that could not be accepted now may have
/// created the order before: then its reply is returned again.
///
/// # Errors
/// As in the tables of contract 4.1.
pub async fn create_order(
    api: &Api,
    merchant: MerchantId,
    named: NamedOrder,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<OrderReply, ApiError> {
    let wanted = match named.judged {
        Ok(wanted) => wanted,
        Err(refusal) => {
            let earlier = || {
                let (reference, claim) = (named.reference.clone(), claim.clone());
                let untaken = Notes::of(api).on_untaken();
                let ledger = api.ledger().for_merchant(merchant);
                let look = move |tx: &mut Tx<'_>| tx.earlier_order(merchant, &reference, &claim);
                async move { ledger.begin(look, untaken).await }
            };
            let maker = Maker {
                merchant,
                channel: None,
            };
            return settle_earlier_or_refuse(api, maker, earlier, refusal).await;
        }
    };
    let order = new_order(api, merchant, wanted, now)?;
    let begin = || {
        let untaken = Notes::of(api).on_untaken();
        (api.ledger()).begin_order(order.clone(), claim.clone(), untaken)
    };
    let maker = Maker {
        merchant,
        channel: order.payment.as_ref().map(channel_of),
    };
    begin_and_settle(api, maker, begin).await
}

fn new_order(
    api: &Api,
    merchant: MerchantId,
    wanted: CreateOrder,
    now: DateTime<Utc>,
) -> Result<NewOrder, ApiError> {
    let expires_at = wanted
        .expires_at
        .unwrap_or_else(|| default_expiry(api, wanted.payment.as_ref(), now));
    let items: Vec<StoredItem<'_>> = wanted
        .items
        .iter()
        .map(|item| StoredItem {
            name: &item.name,
            price: item.price.whole_rupiah(),
            quantity: u32::from(item.quantity),
        })
        .collect();
    let items = (!items.is_empty())
        .then(|| serde_json::to_string(&items))
        .transpose()
        .map_err(ApiError::internal)?;
    let metadata = wanted
        .metadata
        .map(|pairs| serde_json::to_string(&pairs))
        .transpose()
        .map_err(ApiError::internal)?;
    let payment = wanted
        .payment
        .map(|choice| new_payment(api.channels(), choice, expires_at, now));
    let id = OrderId::from_uuid(Uuid::now_v7());
    Ok(NewOrder {
        id,
        merchant_id: merchant,
        reference: wanted.reference,
        amount: wanted.amount,
        expires_at,
        description: wanted.description,
        customer: wanted.customer,
        items,
        return_url: wanted.return_url,
        metadata,
        checkout_token: api.ledger().context().keyring.link_token(id),
        payment,
    })
}

/// Returns the default expiry: the life in the settings, or the channel's where that is shorter.
fn default_expiry(api: &Api, choice: Option<&PaymentChoice>, now: DateTime<Utc>) -> DateTime<Utc> {
    let channel_life = choice
        .and_then(PaymentChoice::channel)
        .and_then(|code| api.channels().get(code))
        .and_then(|channel| TimeDelta::from_std(channel.default_expiry).ok());
    let life = channel_life.map_or(api.default_expiry, |life| life.min(api.default_expiry));
    now.checked_add_signed(life)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns the channel whose slots a payment takes.
pub(super) fn channel_of(payment: &NewPayment) -> &str {
    payment.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL)
}

/// Makes the payment of a choice. It ends with its order, or earlier where its channel cannot live so long.
pub(super) fn new_payment(
    channels: &ChannelTable,
    choice: PaymentChoice,
    order_expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> NewPayment {
    let method = choice.method();
    let longest = choice
        .channel()
        .and_then(|code| channels.get(code))
        .and_then(|channel| TimeDelta::from_std(channel.max_expiry).ok())
        .and_then(|life| now.checked_add_signed(life));
    let (channel, link_channels) = match choice {
        PaymentChoice::Channel { channel, .. } => (Some(channel), Vec::new()),
        PaymentChoice::Link { channels } => (None, channels),
    };
    NewPayment {
        id: PaymentId::from_uuid(Uuid::now_v7()),
        method,
        channel,
        link_channels,
        expires_at: longest.map_or(order_expires_at, |at| at.min(order_expires_at)),
    }
}
