//! `/orders/{id}`: everything about one order, and the actions on it.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ayolinx_core::ids::{EventId, OrderId, RefundId};
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::order_view::Customer;
use ayolinx_core::receipt::Place;
use ayolinx_core::states::OrderState;
use ledger::{Dossier, Source, TimelineItem, TimelineKind, Urgency};
use payment_flows::{CancelOutcome, SyncOutcome};
use uuid::Uuid;

use super::error::Refused;
use super::format::{plain, when, when_or_never};
use super::layout::{Frame, page as reply};
use super::refunds_and_reviews::RefundRow;
use super::responses::see;
use super::session::{Seat, act, enter};
use crate::pages::rupiah::rupiah;
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

struct PaymentRow {
    id: String,
    way: String,
    state: &'static str,
    provider_reference: String,
    failure: String,
    created: String,
    received: String,
    refunded: String,
    merchant: String,
    suspense: String,
}

struct ReceiptRow {
    id: String,
    payment: String,
    place: &'static str,
    amount: String,
    returned: String,
    fee: String,
    rrn: String,
    issuer: String,
    provider_reference: String,
    received: String,
    settles_on: String,
}

struct Happened {
    at: String,
    kind: String,
    source: String,
    fact: String,
    detail: String,
    /// The event's id, where it can be sent again.
    event: Option<String>,
}

#[derive(Template)]
#[template(path = "console_order.html")]
struct OrderPage {
    frame: Frame,
    id: String,
    reference: String,
    shop: String,
    merchant: String,
    state: &'static str,
    amount: String,
    paid: String,
    paid_late: bool,
    description: String,
    created: String,
    updated: String,
    expires: String,
    paid_at: String,
    /// `false` when the shop named no customer, or the customer was erased.
    has_customer: bool,
    customer: Option<Customer>,
    payments: Vec<PaymentRow>,
    receipts: Vec<ReceiptRow>,
    timeline: Vec<Happened>,
    can_cancel: bool,
    refunds: Vec<RefundRow>,
    /// Set while money waits for a decision.
    can_resolve: bool,
    /// The id of the refund that may be asked for with this page; `None` where there is none to ask.
    refund: Option<String>,
}

impl OrderPage {
    fn new(found: Dossier, frame: Frame, shows_customer: bool) -> Self {
        let payments = payments(&found);
        let receipts = receipts(&found);
        let in_suspense = found.money.iter().any(|one| !one.suspense.is_zero());
        let order = found.order;
        Self {
            frame,
            id: order.id.to_string(),
            reference: order.reference,
            shop: found.shop,
            merchant: found.merchant.to_string(),
            state: order.state.as_str(),
            amount: rupiah(order.amount),
            paid: rupiah(order.paid_amount),
            paid_late: order.paid_late,
            description: order.description.unwrap_or_default(),
            created: when(order.created_at),
            updated: when(order.updated_at),
            expires: when(order.expires_at),
            paid_at: when_or_never(order.paid_at),
            has_customer: order.customer.is_some(),
            customer: order.customer.filter(|_| shows_customer),
            payments,
            receipts,
            timeline: found.timeline.into_iter().map(happened).collect(),
            refunds: (found.refunds.into_iter())
                .map(|line| RefundRow::new(line, shows_customer))
                .collect(),
            can_resolve: in_suspense || order.state == OrderState::Review,
            refund: (order.state == OrderState::Paid)
                .then(|| RefundId::from_uuid(Uuid::now_v7()).to_string()),
            can_cancel: matches!(order.state, OrderState::Pending | OrderState::Failed),
        }
    }
}

fn payments(found: &Dossier) -> Vec<PaymentRow> {
    let rows = found.order.payments.iter().map(|payment| {
        let money = found.money.iter().find(|one| one.payment == payment.id);
        let sum = |of: fn(&ledger::PaymentMoney) -> ayolinx_core::money::Amount| {
            money.map(|one| rupiah(of(one))).unwrap_or_default()
        };
        let channel = payment.channel.as_deref().unwrap_or_default();
        let failure = payment.failure.as_ref();
        PaymentRow {
            id: payment.id.to_string(),
            way: format!("{} {channel}", plain(payment.method.as_str())),
            state: payment.state.as_str(),
            provider_reference: payment.provider_reference.clone().unwrap_or_default(),
            failure: failure
                .map(|failure| format!("{}: {}", failure.code, failure.message))
                .unwrap_or_default(),
            created: when(payment.created_at),
            received: sum(|one| one.received),
            refunded: sum(|one| one.refunded),
            merchant: sum(|one| one.merchant),
            suspense: sum(|one| one.suspense),
        }
    });
    rows.collect()
}

fn receipts(found: &Dossier) -> Vec<ReceiptRow> {
    let rows = found.order.payments.iter().flat_map(|payment| {
        payment.receipts.iter().filter_map(|receipt| {
            let posted = receipt.posted?;
            let details = &receipt.details;
            Some(ReceiptRow {
                id: receipt.id.to_string(),
                payment: payment.id.to_string(),
                place: match posted.place {
                    Place::Booked => "booked",
                    Place::Suspense => "suspense",
                    Place::Returned => "returned",
                    Place::Rejected => "struck out",
                },
                amount: rupiah(posted.amount),
                returned: rupiah(posted.returned),
                fee: details.fee.map(rupiah).unwrap_or_default(),
                rrn: details.rrn.clone().unwrap_or_default(),
                issuer: details.issuer.clone().unwrap_or_default(),
                provider_reference: receipt.provider_reference.clone().unwrap_or_default(),
                received: when(receipt.received_at),
                settles_on: details
                    .settles_on
                    .map(|day| day.to_string())
                    .unwrap_or_default(),
            })
        })
    });
    rows.collect()
}

fn happened(item: TimelineItem) -> Happened {
    let moved = |what: &str, (from, to): (Option<String>, Option<String>)| match (from, to) {
        (Some(from), Some(to)) if from != to => Some(format!("{what} {from} → {to}")),
        (None, Some(to)) => Some(format!("{what} {to}")),
        _ => None,
    };
    let status = item.http_status.map(|status| format!("answered {status}"));
    let words = [
        moved("order", item.order_status),
        moved("payment", item.payment_status),
        status,
        item.detail,
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    Happened {
        at: when(item.at),
        kind: plain(item.kind.as_str()),
        source: plain(&item.source),
        fact: plain(&item.fact),
        detail: words.join(", "),
        event: item
            .event_id
            .filter(|_| item.kind == TimelineKind::Event)
            .map(|id| id.to_string()),
    }
}

fn order_id(text: &str) -> Result<OrderId, Refused> {
    text.parse().map_err(|_| Refused::NotFound)
}

fn back(id: OrderId, said: &str) -> HttpResponse {
    see(&format!("/orders/{id}?said={said}"))
}

async fn show(
    api: &Api,
    request: &HttpRequest,
    seat: &Seat,
    (id, shows_customer): (OrderId, bool),
) -> Answer {
    let found = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(move |tx| tx.dossier(id))
        .await?;
    let frame = seat.frame(request, "/orders");
    let page = OrderPage::new(found, frame, shows_customer);
    reply(StatusCode::OK, &page)
}

pub(super) async fn page(request: HttpRequest, id: Path<String>, api: Data<Api>) -> Answer {
    let seat = enter(&api, &request).await?;
    show(&api, &request, &seat, (order_id(&id)?, false)).await
}

/// Shows the customer once: the log records it before the page shows it.
pub(super) async fn customer(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, _) = act(&api, &request, payload).await?;
    let id = order_id(&id)?;
    let action = seat.action("customer_shown", id, "done");
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            tx.merchant_of(id)?;
            tx.record_action(&action)
        })
        .await?;
    show(&api, &request, &seat, (id, true)).await
}

pub(super) async fn sync(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, _) = act(&api, &request, payload).await?;
    let id = order_id(&id)?;
    let merchant = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.merchant_of(id))
        .await?;
    let begun = begin(&api, &seat, "order_synced", id).await?;
    let outcome = api.flows.sync(merchant, id, Source::Operator).await;
    let (said, outcome) = match outcome {
        Ok(SyncOutcome::Answered) => ("synced", "done"),
        Ok(SyncOutcome::Refused(_)) => ("sync_refused", "refused by the provider"),
        Ok(SyncOutcome::NoAnswer) => ("no_answer", "no answer"),
        Ok(SyncOutcome::TooSoon) => ("too_soon", "too soon"),
        Err(error) => return Err(error.into()),
    };
    end(&api, &seat, ("order_synced", id, begun), outcome).await?;
    Ok(back(id, said))
}

pub(super) async fn cancel(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, _) = act(&api, &request, payload).await?;
    let id = order_id(&id)?;
    let merchant = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.merchant_of(id))
        .await?;
    let begun = begin(&api, &seat, "order_cancelled", id).await?;
    let outcome = api.flows.cancel(merchant, id, Source::Operator).await;
    let (said, outcome) = match outcome {
        Ok(CancelOutcome::Cancelled) => ("cancelled", "done"),
        Ok(CancelOutcome::Refused(OrderRefusal::Paid)) => ("is_paid", "refused: paid"),
        Ok(CancelOutcome::Refused(_)) => ("not_cancelled", "refused: its state"),
        Ok(CancelOutcome::NoAnswer) => ("no_answer", "no answer"),
        Err(error) => return Err(error.into()),
    };
    end(&api, &seat, ("order_cancelled", id, begun), outcome).await?;
    Ok(back(id, said))
}

/// Records the action in the log before the provider is asked.
async fn begin(api: &Api, seat: &Seat, action: &'static str, id: OrderId) -> Result<i64, Refused> {
    let begun = seat.action(action, id, "begun");
    Ok(api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.record_action(&begun))
        .await?)
}

async fn end(
    api: &Api,
    seat: &Seat,
    (action, id, begun): (&'static str, OrderId, i64),
    outcome: &str,
) -> Result<(), Refused> {
    let mut ended = seat.action(action, id, outcome);
    ended.follows = Some(begun);
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| tx.record_action(&ended))
        .await?;
    Ok(())
}

/// Sends an event again to the endpoints that want it, and returns to the page with the button.
pub(super) async fn redeliver(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id: EventId = id.parse().map_err(|_| Refused::NotFound)?;
    let mut action = seat.action("event_redelivered", id, "done");
    let endpoints = api
        .ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            let merchant = tx.event_owner(id)?;
            let endpoints = tx.redeliver(merchant, id, Source::Operator)?;
            if endpoints == 0 {
                "nobody wants it".clone_into(&mut action.outcome);
            }
            tx.record_action(&action)?;
            Ok(endpoints)
        })
        .await?;
    let said = if endpoints == 0 {
        "nobody_wants_it"
    } else {
        "redelivered"
    };
    Ok(match form.value("order").parse::<OrderId>() {
        Ok(order) => back(order, said),
        Err(_none) => see(&format!("/lists/dead?said={said}")),
    })
}
