//! `/lists/…`: the work that needs a person's attention, each item beside its possible actions.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ledger::{DISMISSAL_REASON_CHARS_MAX, Dismissal, EyeLine, LedgerError, List, Urgency};
use uuid::Uuid;

use super::error::Refused;
use super::format::{plain, when};
use super::forms::text;
use super::layout::{Frame, page as reply, parameter};
use super::responses::see;
use super::session::{act, enter};
use crate::pages::rupiah::rupiah;
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

/// The texts of a list: its address, its name, its meaning and the action to take.
struct Words {
    place: &'static str,
    title: &'static str,
    meaning: &'static str,
    empty: &'static str,
}

const fn words(list: List) -> Words {
    match list {
        List::Review => Words {
            place: "/lists/review",
            title: "Orders in review",
            meaning: "The provider reported another amount or currency, or a refund before any \
                      payment. The money waits in suspense. Open the order, compare it with the \
                      provider's report, then decide.",
            empty: "No order is in review.",
        },
        List::Quarantine => Words {
            place: "/lists/quarantine",
            title: "Quarantined callbacks",
            meaning: "Verified callbacks that match no payment: their reference is unknown, or they \
                      cannot be read. Those of unknown reference are matched again every minute for \
                      72 hours. Match one again once its cause is gone, or dismiss it: it stays stored.",
            empty: "No callback waits in quarantine.",
        },
        List::Dead => Words {
            place: "/lists/dead",
            title: "Dead webhooks",
            meaning: "Events that a shop's endpoint did not accept after every attempt. Ask the shop to mend \
                      it, then send them again. Shops can also fetch them with GET /v1/events.",
            empty: "No webhook is dead.",
        },
        List::Unknown => Words {
            place: "/lists/unknown",
            title: "Unknown outcomes",
            meaning: "Payments that were sent to the provider and never answered. The gateway asks \
                      about them by itself; open one and sync it to ask now.",
            empty: "No payment's outcome is unknown.",
        },
        List::Late => Words {
            place: "/lists/late",
            title: "Late payments",
            meaning: "Orders that were paid after they had ended. The money is the shop's; the shop was \
                      told with order.paid_late and decides whether to deliver or to refund.",
            empty: "No order was paid late.",
        },
        List::Refunds => Words {
            place: "/lists/refunds",
            title: "Refunds to pay out",
            meaning: "Refunds that shops created. The provider has no call for them: transfer the \
                      money, then open the order and complete the refund with its evidence.",
            empty: "No refund waits to be paid out.",
        },
    }
}

struct Row {
    order: Option<String>,
    reference: String,
    shop: String,
    what: String,
    detail: String,
    amount: String,
    since: String,
    /// The id that the buttons act on.
    key: String,
    /// Set while it waits for a reference to become known.
    can_retry: bool,
}

impl Row {
    fn new(list: List, line: EyeLine) -> Self {
        let order = line.order.map(|id| id.to_string());
        let key = match list {
            List::Dead => line.event().map(|id| id.to_string()),
            List::Review | List::Quarantine | List::Unknown | List::Late | List::Refunds => {
                line.key.map(|id| id.simple().to_string())
            }
        };
        Self {
            reference: line
                .reference
                .or_else(|| order.clone())
                .unwrap_or_else(|| "–".to_owned()),
            order,
            shop: line.shop.unwrap_or_else(|| "–".to_owned()),
            can_retry: line.what == "unknown_reference",
            what: plain(&line.what),
            detail: line.detail,
            amount: line.amount.map(rupiah).unwrap_or_default(),
            since: when(line.since),
            key: key.unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "console_list.html")]
struct ListView {
    frame: Frame,
    words: Words,
    list: List,
    rows: Vec<Row>,
    next: Option<String>,
}

pub(super) async fn page(request: HttpRequest, list: Path<String>, api: Data<Api>) -> Answer {
    let seat = enter(&api, &request).await?;
    let named = List::ALL.into_iter().find(|known| known.as_str() == *list);
    let list = named.ok_or(Refused::NotFound)?;
    let after = parameter(request.query_string(), "after");
    let found = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(move |tx| tx.console_list(list, after.as_deref()))
        .await?;
    let words = words(list);
    let rows = found.rows.into_iter().map(|line| Row::new(list, line));
    let view = ListView {
        frame: seat.frame(&request, words.place),
        words,
        list,
        rows: rows.collect(),
        next: found.next,
    };
    reply(StatusCode::OK, &view)
}

fn key(text: &str) -> Result<Uuid, Refused> {
    text.parse().map_err(|_| Refused::NotFound)
}

pub(super) async fn retry(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, _) = act(&api, &request, payload).await?;
    let id = key(&id)?;
    let action = seat.action("callback_matched_again", id.simple(), "done");
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            if tx.retry_quarantine(Some(id))? == 0 {
                return Err(LedgerError::NotFound);
            }
            tx.record_action(&action)
        })
        .await?;
    Ok(see("/lists/quarantine?said=retried"))
}

pub(super) async fn dismiss(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id = key(&id)?;
    let reason = text(form.value("reason"), DISMISSAL_REASON_CHARS_MAX)?;
    let dismissal = Dismissal {
        operator: Some(seat.visitor.operator),
        reason: Some(reason).filter(|reason| !reason.is_empty()),
    };
    let action = seat.action("callback_dismissed", id.simple(), "done");
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            if !tx.dismiss_quarantined(id, &dismissal)? {
                return Err(LedgerError::NotFound);
            }
            tx.record_action(&action)
        })
        .await?;
    Ok(see("/lists/quarantine?said=dismissed"))
}
