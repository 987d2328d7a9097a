//! `/`: today's money, the work that needs attention, and the last day by the hour.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::Utc;
use ledger::{ChannelMoney, CountedEyes, PendingMoney};

use super::chart::Chart;
use super::error::Refused;
use super::format::{jakarta, plain, whole_rupiah};
use super::hourly_volume::since_midnight;
use super::layout::{Frame, page as reply};
use super::session::enter;
use super::state::Console;
use crate::state::Api;

struct Sum {
    method: String,
    channel: String,
    payments: i64,
    rupiah: String,
}

struct Eye {
    place: &'static str,
    name: &'static str,
    count: String,
    is_any: bool,
}

#[derive(Template)]
#[template(path = "console_overview.html")]
struct OverviewPage {
    frame: Frame,
    day: String,
    total: String,
    payments: i64,
    pending_total: String,
    pending_payments: i64,
    pending_is_cut_off: bool,
    suspense: String,
    paid: Vec<Sum>,
    pending: Vec<Sum>,
    eyes: Vec<Eye>,
    chart: Chart,
}

fn eyes(counted: CountedEyes) -> Vec<Eye> {
    let eye = |place, name, count: i64| Eye {
        place,
        name,
        count: if count >= 1_000 {
            "1000+".to_owned()
        } else {
            count.to_string()
        },
        is_any: count > 0,
    };
    vec![
        eye("/lists/review", "Orders in review", counted.review),
        eye(
            "/lists/quarantine",
            "Quarantined callbacks",
            counted.quarantine,
        ),
        eye("/lists/dead", "Dead webhooks", counted.dead),
        eye("/lists/unknown", "Unknown outcomes", counted.unknown),
        eye("/lists/refunds", "Refunds to pay out", counted.refunds),
        eye(
            "/lists/late",
            "Late payments, orders of 30 days",
            counted.late,
        ),
    ]
}

fn paid(sums: &[ChannelMoney]) -> Vec<Sum> {
    let sum = |one: &ChannelMoney| Sum {
        method: plain(&one.method),
        channel: one.channel.clone(),
        payments: one.payments,
        rupiah: whole_rupiah(one.rupiah),
    };
    sums.iter().map(sum).collect()
}

fn pending(sums: &[PendingMoney]) -> Vec<Sum> {
    let sum = |one: &PendingMoney| Sum {
        method: plain(&one.method),
        channel: one.channel.clone(),
        payments: one.payments,
        rupiah: whole_rupiah(one.rupiah),
    };
    sums.iter().map(sum).collect()
}

pub(super) async fn page(
    request: HttpRequest,
    api: Data<Api>,
    console: Data<Console>,
) -> Result<HttpResponse, Refused> {
    let seat = enter(&api, &request).await?;
    let now = Utc::now();
    let (counted, money) = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(|tx| Ok((tx.count_eyes()?, tx.money()?)))
        .await?;
    let hours = console.hours.last_day(api.ledger(), now).await?;
    let today = since_midnight(&hours, now);
    let page = OverviewPage {
        frame: seat.frame(&request, "/"),
        day: jakarta(now).format("%Y-%m-%d").to_string(),
        total: whole_rupiah(today.iter().map(|one| one.rupiah).sum()),
        payments: today.iter().map(|one| one.payments).sum(),
        pending_total: whole_rupiah(money.pending.iter().map(|one| one.rupiah).sum()),
        pending_payments: money.pending.iter().map(|one| one.payments).sum(),
        pending_is_cut_off: money.pending_is_cut_off,
        suspense: whole_rupiah(money.suspense_rupiah),
        paid: paid(&today),
        pending: pending(&money.pending),
        eyes: eyes(counted),
        chart: Chart::of(&hours),
    };
    reply(StatusCode::OK, &page)
}
