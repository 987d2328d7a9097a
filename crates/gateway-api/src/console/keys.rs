//! `/keys`: the API keys of all shops, which an operator can revoke.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use ayolinx_core::ids::MerchantId;
use ledger::{KeyState, Urgency};
use uuid::Uuid;

use super::error::Refused;
use super::format::{when, when_or_never};
use super::forms::merchant;
use super::layout::{Frame, page as reply, parameter};
use super::responses::see;
use super::session::{act, enter};
use crate::state::Api;

type Answer = Result<HttpResponse, Refused>;

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
