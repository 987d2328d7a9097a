//! `POST /v1/orders/{id}/payments`: pays another way, or retries a failed payment.

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::ids::{MerchantId, OrderId};
use chrono::{DateTime, Utc};
use ledger::{Claim, Tx};

use super::abandoned_creates::Notes;
use super::complete_create::{Maker, begin_and_settle, settle_earlier_or_refuse};
use super::create::{channel_of, new_payment};
use super::params::named_payment::NamedPayment;
use super::params::payment::{OrderFacts, PaymentChoice, RequestedPayment};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::field_errors::Judged;
use crate::idempotency::reply::OrderReply;
use crate::state::Api;

/// An order to be paid in a further way.
pub struct AddPayment {
    /// The order.
    pub order_id: OrderId,
    /// The payment choice, already checked against the order.
    pub choice: PaymentChoice,
    /// The time at which the order ends.
    pub order_expires_at: DateTime<Utc>,
}

/// Opens a further payment on an order.
///
/// # Errors
/// As in the tables of contract 4.1 and 4.3.
pub async fn add_payment(
    api: &Api,
    merchant: MerchantId,
    wanted: AddPayment,
    claim: Claim,
    now: DateTime<Utc>,
) -> Result<OrderReply, ApiError> {
    let order_id = wanted.order_id;
    let payment = new_payment(api.channels(), wanted.choice, wanted.order_expires_at, now);
    let begin = || {
        let (payment, claim) = (payment.clone(), claim.clone());
        let untaken = Notes::of(api).on_untaken();
        let begin = move |tx: &mut Tx<'_>| tx.begin_payment(merchant, order_id, &payment, &claim);
        let ledger = api.ledger().for_merchant(merchant);
        async move { ledger.begin(begin, untaken).await }
    };
    let maker = Maker {
        merchant,
        channel: Some(channel_of(&payment)),
    };
    begin_and_settle(api, maker, begin).await
}

/// Serves `POST /v1/orders/{id}/payments`: does [`add_payment`], or returns the reply to the same earlier
/// request, whatever the channel table and the order say now.
///
/// # Errors
/// As in the tables of contract 4.1 and 4.3.
pub async fn pay_another_way(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    named: NamedPayment,
    claim: Claim,
) -> Result<OrderReply, ApiError> {
    let judged = match named.judged {
        Ok(requested) => judge(api, merchant, order_id, requested).await?,
        Err(refusal) => Err(refusal),
    };
    let refusal = match judged {
        Ok(wanted) => return add_payment(api, merchant, wanted, claim, Utc::now()).await,
        Err(refusal) => refusal,
    };
    let earlier = || {
        let (channel, claim) = (named.channel.clone(), claim.clone());
        let untaken = Notes::of(api).on_untaken();
        let ledger = api.ledger().for_merchant(merchant);
        let look = move |tx: &mut Tx<'_>| {
            let way = (named.method, channel.as_deref());
            tx.earlier_payment((merchant, order_id), way, &claim)
        };
        async move { ledger.begin(look, untaken).await }
    };
    let maker = Maker {
        merchant,
        // A word of the shop's own names no place: only a channel that there is.
        channel: channel_named(api.channels(), named.channel.as_deref()),
    };
    settle_earlier_or_refuse(api, maker, earlier, refusal).await
}

/// Returns the channel of the table that a shop named.
fn channel_named<'t>(table: &'t ChannelTable, named: Option<&str>) -> Option<&'t str> {
    named
        .and_then(|code| table.get(code))
        .map(|channel| channel.code.as_str())
}

/// Checks a choice against its order, as the order is now.
async fn judge(
    api: &Api,
    merchant: MerchantId,
    order_id: OrderId,
    requested: RequestedPayment,
) -> Result<Judged<AddPayment>, ApiError> {
    let order = api
        .transact(merchant, move |tx| {
            tx.order_view(merchant, order_id)?;
            tx.any_order(order_id)
        })
        .await;
    let order = match order {
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Err(error)),
        order => order?,
    };
    let facts = OrderFacts {
        amount: order.amount,
        customer: order.customer.as_ref(),
        return_url: order.return_url.as_deref(),
    };
    let choice = requested.for_order(facts, api.channels());
    Ok(choice.map(|choice| AddPayment {
        order_id,
        choice,
        order_expires_at: order.expires_at,
    }))
}

#[cfg(test)]
mod tests {
    use ayolinx_core::channels::Environment;

    use super::*;

    #[test]
    fn only_a_channel_of_the_table_names_a_place() {
        let table = ChannelTable::built_in(Environment::NonProduction);
        let own_words = ["", "MINE", "bnc_qris", "BNC_QRIS ", &"x".repeat(60_000)];
        for named in own_words {
            assert_eq!(channel_named(&table, Some(named)), None, "{named:.20}");
        }
        assert_eq!(channel_named(&table, Some("BNC_QRIS")), Some("BNC_QRIS"));
        assert_eq!(channel_named(&table, None), None);
    }
}
