//! `/endpoints`: the webhook endpoints of all shops, which an operator can turn off and on.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ayolinx_core::ids::{EndpointId, MerchantId};
use ledger::{EndpointChange, EndpointState, Urgency};

use super::error::Refused;
use super::format::{plain, when};
use super::forms::merchant;
use super::layout::{Frame, page as reply, parameter};
use super::responses::see;
use super::session::{act, enter};
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

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
