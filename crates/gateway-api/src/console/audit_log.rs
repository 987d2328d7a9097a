//! `/log`: the actions of operators.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ledger::{ActionLine, PAGE_ROWS};

use super::error::Refused;
use super::format::{plain, when};
use super::layout::{Frame, page as reply, parameter};
use super::session::enter;
use crate::state::Api;

struct Row {
    id: i64,
    at: String,
    operator: String,
    action: String,
    target: String,
    /// Set when the target is an order, which has a page.
    is_order: bool,
    outcome: String,
    address: String,
}

impl Row {
    fn new(line: ActionLine) -> Self {
        let target = line.target.unwrap_or_default();
        let follows = line.follows.map(|row| format!(" (began as {row})"));
        Self {
            id: line.id,
            at: when(line.at),
            operator: line.operator.unwrap_or_else(|| "–".to_owned()),
            action: plain(&line.action),
            is_order: target.starts_with("ord_"),
            target,
            outcome: format!("{}{}", line.outcome, follows.unwrap_or_default()),
            address: line.address,
        }
    }
}

#[derive(Template)]
#[template(path = "console_log.html")]
struct LogPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<i64>,
}

pub(super) async fn page(request: HttpRequest, api: Data<Api>) -> Result<HttpResponse, Refused> {
    let seat = enter(&api, &request).await?;
    let before = parameter(request.query_string(), "after").and_then(|text| text.parse().ok());
    let found = api
        .ledger()
        .at(api.urgency_of_reads())
        .transact(move |tx| tx.list_actions(before, PAGE_ROWS))
        .await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|rows| rows == PAGE_ROWS);
    let next = found.last().filter(|_| is_full).map(|last| last.id);
    let rows = found.into_iter().map(Row::new).collect();
    let frame = seat.frame(&request, "/log");
    reply(StatusCode::OK, &LogPage { frame, rows, next })
}
