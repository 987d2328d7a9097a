//! `/search`: finds an order by any name that a person has for it.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::error::Refused;
use super::format::when;
use super::layout::{Frame, page as reply, parameter};
use super::responses::see;
use super::session::enter;
use crate::pages::rupiah::rupiah;
use crate::state::Api;

const NAME_BYTES_MAX: usize = 200;

struct Row {
    id: String,
    reference: String,
    shop: String,
    state: String,
    amount: String,
    created: String,
}

#[derive(Template)]
#[template(path = "console_search.html")]
struct SearchPage {
    frame: Frame,
    name: String,
    rows: Vec<Row>,
}

/// Shows the search page; a single match is shown at once.
pub(super) async fn page(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, Refused> {
    let seat = enter(&api, &request).await?;
    let name = parameter(request.query_string(), "q").unwrap_or_default();
    let name = name.trim().to_owned();
    let mut found = Vec::new();
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains('\0') {
        let wanted = name.clone();
        found = api
            .ledger()
            .at(api.urgency_of_reads())
            .transact(move |tx| tx.console_search(&wanted))
            .await?;
    }
    if let [only] = found.as_slice() {
        return Ok(see(&format!("/orders/{}", only.id)));
    }
    let rows = found.into_iter().map(|one| Row {
        id: one.id.to_string(),
        reference: one.reference,
        shop: one.shop,
        state: one.state,
        amount: rupiah(one.amount),
        created: when(one.created_at),
    });
    let rows = rows.collect();
    let frame = seat.frame(&request, "/search");
    reply(StatusCode::OK, &SearchPage { frame, name, rows })
}
