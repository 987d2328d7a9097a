//! `/channels`: the health of the channels.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::Utc;
use ledger::PendingMoney;

use super::error::Refused;
use super::format::{plain, whole_rupiah};
use super::layout::{Frame, page as reply};
use super::session::enter;
use super::state::Console;
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

/// The period whose payments show the health of a channel.
const TRAFFIC_SECONDS: i64 = 3_600;

struct ChannelRow {
    code: String,
    method: String,
    enabled: bool,
    paid_today: String,
    pending: String,
    made: i64,
    paid: i64,
    failed: i64,
    unknown: i64,
}

#[derive(Template)]
#[template(path = "console_channels.html")]
struct ChannelsPage {
    frame: Frame,
    rows: Vec<ChannelRow>,
}

pub(super) async fn channels(
    request: HttpRequest,
    api: Data<Api>,
    console: Data<Console>,
) -> Answer {
    let seat = enter(&api, &request).await?;
    let (traffic, money) = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(|tx| Ok((tx.traffic_of_channels(TRAFFIC_SECONDS)?, tx.money()?)))
        .await?;
    let today = console.hours.today(api.ledger(), Utc::now()).await?;
    let mut states: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in &traffic {
        states.insert((&one.channel, &one.state), one.payments);
    }
    let rows = api.channels().iter().map(|channel| {
        let code = channel.code.as_str();
        let of = |state| states.get(&(code, state)).copied().unwrap_or(0);
        let paid_today = today.iter().find(|one| one.channel == code);
        ChannelRow {
            code: code.to_owned(),
            method: plain(channel.method.as_str()),
            enabled: channel.enabled,
            paid_today: paid_today
                .map(|one| format!("{} in {}", whole_rupiah(one.rupiah), one.payments))
                .unwrap_or_default(),
            pending: pending(&money.pending, code),
            made: states
                .iter()
                .filter(|((known, _), _)| *known == code)
                .map(|(_, payments)| payments)
                .sum(),
            paid: of("paid"),
            failed: of("failed"),
            unknown: of("unknown"),
        }
    });
    let rows = rows.collect();
    let frame = seat.frame(&request, "/channels");
    reply(StatusCode::OK, &ChannelsPage { frame, rows })
}

fn pending(money: &[PendingMoney], code: &str) -> String {
    let found = money.iter().find(|one| one.channel == code);
    found
        .map(|one| format!("{} in {}", whole_rupiah(one.rupiah), one.payments))
        .unwrap_or_default()
}
