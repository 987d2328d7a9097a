//! Shows orders with all that happened to them, lists and cancels them, and asks about them at the
//! provider.

mod tables;

use std::time::Duration;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::order_view::OrderView;
use ledger::{HistoryLine, Ledger, LedgerError, OrderFilter, PageEnd, Source, Tx, Urgency};
use payment_flows::{CancelOutcome, SyncOutcome};
use serde_json::json;

use self::tables::{list_table, order_tables};
use super::keys::or_no_merchant;
use crate::cli::{ListOrders, NamedOrder, Orders};
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;

/// Pause between two syncs, longer than the spacing between two syncs of one order.
const SYNC_PAUSE: Duration = Duration::from_millis(2_100);
const PAGE: i64 = 200;

pub(crate) async fn run(what: Orders) -> Result<Output, Failure> {
    match what {
        Orders::Show(named) => show(named).await,
        Orders::List(filter) => list(filter).await,
        Orders::Cancel(named) => cancel(named).await,
    }
}

/// Asks the provider about an order now.
pub(crate) async fn sync(named: NamedOrder) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::books(&settings)?;
    let flows = connect::flows(&settings, books.clone())?;
    let id = the_one(&books, named).await?;
    let merchant = merchant_of(&books, id).await?;
    let mut outcome = flows.sync(merchant, id, Source::Operator).await?;
    if outcome == SyncOutcome::TooSoon {
        tokio::time::sleep(SYNC_PAUSE).await;
        outcome = flows.sync(merchant, id, Source::Operator).await?;
    }
    match outcome {
        SyncOutcome::Answered => shown(&books, id).await,
        SyncOutcome::Refused(reply) => Err(Failure::new(format!(
            "the provider refuses to say: {reply}"
        ))),
        SyncOutcome::NoAnswer => Err(Failure::new(
            "the provider gave no usable answer; nothing changed. `gatewayctl doctor` tells why",
        )),
        SyncOutcome::TooSoon => Err(Failure::new(
            "somebody else is asking about this order; try again in 2 seconds",
        )),
    }
}

async fn show(named: NamedOrder) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::books(&settings)?;
    let id = the_one(&books, named).await?;
    shown(&books, id).await
}

async fn shown(books: &Ledger, id: OrderId) -> Result<Output, Failure> {
    let read = move |tx: &mut Tx<'_>| -> Result<(OrderView, Vec<HistoryLine>), LedgerError> {
        Ok((tx.any_order_view(id)?, tx.history_of(id)?))
    };
    let (order, history) = books
        .at(Urgency::Write)
        .transact(read)
        .await
        .map_err(|error| or_no_order(error, &id.to_string()))?;
    let json = serde_json::to_value(&order).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Output::new(order_tables(&order, &history), json))
}

async fn list(filter: ListOrders) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let merchant = filter.merchant;
    let orders = books
        .at(Urgency::Write)
        .transact(move |tx| {
            tx.merchant_exists(merchant)?;
            newest_orders(tx, &filter)
        })
        .await
        .map_err(|error| or_no_merchant(error, merchant))?;
    Ok(Output::new(list_table(&orders), json!({"data": orders})))
}

fn newest_orders(tx: &mut Tx<'_>, filter: &ListOrders) -> Result<Vec<OrderView>, LedgerError> {
    let wanted = OrderFilter {
        state: filter.status,
        ..OrderFilter::default()
    };
    let mut orders: Vec<OrderView> = Vec::new();
    let mut after: Option<PageEnd> = None;
    loop {
        let have = i64::try_from(orders.len()).unwrap_or(i64::MAX);
        let missing = filter.limit.saturating_sub(have).min(PAGE);
        if missing <= 0 {
            return Ok(orders);
        }
        let page = tx.list_orders(filter.merchant, &wanted, after, missing)?;
        orders.extend(page.orders);
        after = page.next;
        if after.is_none() {
            return Ok(orders);
        }
    }
}

async fn cancel(named: NamedOrder) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::books(&settings)?;
    let flows = connect::flows(&settings, books.clone())?;
    let id = the_one(&books, named).await?;
    let merchant = merchant_of(&books, id).await?;
    match flows.cancel(merchant, id, Source::Operator).await? {
        CancelOutcome::Cancelled => shown(&books, id).await,
        CancelOutcome::Refused(refusal) => Err(Failure::new(refused(refusal))),
        CancelOutcome::NoAnswer => Err(Failure::new(
            "the provider gave no usable answer; nothing changed. Try again, or see `gatewayctl doctor`",
        )),
    }
}

const fn refused(refusal: OrderRefusal) -> &'static str {
    match refusal {
        OrderRefusal::Paid => {
            "the order is paid and cannot be cancelled; money goes back by a refund"
        }
        OrderRefusal::NotPayable | OrderRefusal::StateConflict => {
            "the order's state, or a payer who is paying right now, forbids it; see `gatewayctl orders show`"
        }
    }
}

/// Finds the one order of this name: references are unique within a merchant only.
pub(super) async fn the_one(books: &Ledger, named: NamedOrder) -> Result<OrderId, Failure> {
    let name = named.order.clone();
    let found = books
        .at(Urgency::Write)
        .transact(move |tx| match named.merchant {
            Some(merchant) if named.order.parse::<OrderId>().is_err() => tx
                .order_by_reference(merchant, &named.order)
                .map(|id| vec![id]),
            _ => tx.orders_named(&named.order),
        })
        .await
        .map_err(|error| or_no_order(error, &name))?;
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(or_no_order(LedgerError::NotFound, &name)),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Failure::new(format!(
                "several merchants have an order {name:?}; name one by its id or give --merchant:\n  {}",
                ids.join("\n  ")
            )))
        }
    }
}

fn or_no_order(error: LedgerError, name: &str) -> Failure {
    match error {
        LedgerError::NotFound => Failure::new(format!(
            "there is no order {name:?}; name it by its reference, its id (ord_…) or the id of one \
             of its payments"
        )),
        other => other.into(),
    }
}

pub(super) async fn merchant_of(books: &Ledger, id: OrderId) -> Result<MerchantId, Failure> {
    let found = books
        .at(Urgency::Write)
        .transact(move |tx| tx.merchant_of(id))
        .await;
    found.map_err(|error| or_no_order(error, &id.to_string()))
}
