//! How the channels fare, and what shops made for themselves: webhook endpoints and API keys.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ayolinx_core::ids::{EndpointId, MerchantId};
use chrono::Utc;
use ledger::{EndpointChange, EndpointState, KeyState, PendingMoney, Urgency};
use uuid::Uuid;

use super::error::Refused;
use super::format::{plain, when, when_or_never, whole_rupiah};
use super::layout::{Frame, page as reply, parameter};
use super::responses::see;
use super::session::{act, enter};
use super::state::Console;
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

/// Payments made in this time tell how a channel fares.
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

struct EndpointRow {
    id: String,
    merchant: String,
    shop: String,
    url: String,
    enabled: bool,
    state: String,
    updated: String,
}

impl EndpointRow {
    fn new(found: EndpointState) -> Self {
        let state = match (found.enabled, found.failures_in_row) {
            (false, _) => match found.disabled_reason {
                Some(reason) => format!("disabled: {}", plain(&reason)),
                None => "disabled".to_owned(),
            },
            (true, 0) => "healthy".to_owned(),
            (true, failures) => format!("failing, {failures} in a row"),
        };
        Self {
            id: EndpointId::from_uuid(found.id).to_string(),
            merchant: MerchantId::from_uuid(found.merchant_id).to_string(),
            shop: found.shop,
            url: found.url,
            enabled: found.enabled,
            state,
            updated: when(found.updated_at),
        }
    }
}

#[derive(Template)]
#[template(path = "console_endpoints.html")]
struct EndpointsPage {
    frame: Frame,
    rows: Vec<EndpointRow>,
    next: Option<String>,
}

pub(super) async fn endpoints(request: HttpRequest, api: Data<Api>) -> Answer {
    let seat = enter(&api, &request).await?;
    let after = parameter(request.query_string(), "after");
    let found = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(move |tx| tx.console_endpoints(after.as_deref()))
        .await?;
    let view = EndpointsPage {
        frame: seat.frame(&request, "/endpoints"),
        rows: found.rows.into_iter().map(EndpointRow::new).collect(),
        next: found.next,
    };
    reply(StatusCode::OK, &view)
}

pub(super) async fn enable(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    switch((request, payload), &id, &api, true).await
}

pub(super) async fn disable(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    switch((request, payload), &id, &api, false).await
}

async fn switch(
    (request, payload): (HttpRequest, Payload),
    id: &str,
    api: &Api,
    enabled: bool,
) -> Answer {
    let (seat, form) = act(api, &request, payload).await?;
    let id: EndpointId = id.parse().map_err(|_| Refused::NotFound)?;
    let merchant = merchant(form.value("merchant"))?;
    let (action, said) = if enabled {
        ("endpoint_enabled", "enabled")
    } else {
        ("endpoint_disabled", "disabled")
    };
    let row = seat.action(action, id, "done");
    let change = EndpointChange {
        enabled: Some(enabled),
        ..EndpointChange::default()
    };
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            tx.change_endpoint(merchant, id, &change)?;
            tx.record_action(&row)
        })
        .await?;
    Ok(see(&format!("/endpoints?said={said}")))
}

fn merchant(text: &str) -> Result<MerchantId, Refused> {
    text.parse().map_err(|_| Refused::NotFound)
}

struct KeyRow {
    id: String,
    merchant: String,
    shop: String,
    hint: String,
    scopes: String,
    created: String,
    used: String,
    revoked: Option<String>,
}

impl KeyRow {
    fn new(found: KeyState) -> Self {
        Self {
            id: found.id.to_string(),
            merchant: MerchantId::from_uuid(found.merchant_id).to_string(),
            shop: found.shop,
            hint: found.hint,
            scopes: found.scopes.join(", "),
            created: when(found.created_at),
            used: when_or_never(found.used_at),
            revoked: found.revoked_at.map(when),
        }
    }
}

#[derive(Template)]
#[template(path = "console_keys.html")]
struct KeysPage {
    frame: Frame,
    rows: Vec<KeyRow>,
    next: Option<String>,
}

pub(super) async fn keys(request: HttpRequest, api: Data<Api>) -> Answer {
    let seat = enter(&api, &request).await?;
    let after = parameter(request.query_string(), "after");
    let found = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(move |tx| tx.console_keys(after.as_deref()))
        .await?;
    let view = KeysPage {
        frame: seat.frame(&request, "/keys"),
        rows: found.rows.into_iter().map(KeyRow::new).collect(),
        next: found.next,
    };
    reply(StatusCode::OK, &view)
}

pub(super) async fn revoke(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> Answer {
    let (seat, form) = act(&api, &request, payload).await?;
    let id: Uuid = id.parse().map_err(|_| Refused::NotFound)?;
    let merchant = merchant(form.value("merchant"))?;
    let row = seat.action("key_revoked", id, "done");
    api.ledger()
        .at(Urgency::Request)
        .transact(move |tx| {
            tx.revoke_key(merchant, id)?;
            tx.record_action(&row)
        })
        .await?;
    Ok(see("/keys?said=revoked"))
}
